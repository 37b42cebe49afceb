// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types, the closed list. Ready tells whether the desired generation stands well; Published tells whether citizens
// are served. Reconciling and Stalled are present only while true (kstatus).
const (
	ConditionReady       = "Ready"
	ConditionValid       = "Valid"
	ConditionDeployed    = "Deployed"
	ConditionVerified    = "Verified"
	ConditionApproved    = "Approved"
	ConditionPublished   = "Published"
	ConditionReconciling = "Reconciling"
	ConditionStalled     = "Stalled"
)

// Reasons of Valid.
const (
	ReasonValid       = "Valid"
	ReasonInvalid     = "Invalid"      // findings of severity Error
	ReasonUnsupported = "Unsupported"  // the definition asks for what this version does not carry out
	ReasonSchemaSkew  = "SchemaSkew"   // a new digest at an unchanged generation: another CRD version pruned on read
	ReasonRulesChange = "RulesChanged" // a newer rule pack finds more; judged by the pack of the revision
	ReasonCodeTaken   = "CodeTaken"    // another agency published the service code
	ReasonNameTaken   = "RevisionNameTaken"
	ReasonNoProvider  = "ProviderMissing" // no ServiceProvider owns the namespace
)

// Reasons of Deployed.
const (
	ReasonDeployed     = "Deployed"
	ReasonRollingOut   = "RollingOut"
	ReasonIntakeFailed = "IntakeFailed"
)

// Reasons of Verified.
const (
	ReasonVerified        = "ScenariosPassed"
	ReasonScenariosFailed = "ScenariosFailed"
	ReasonProving         = "Proving"
	ReasonProverAway      = "ProverUnavailable"
)

// Reasons of Approved.
const (
	ReasonApproved           = "Approved"
	ReasonAwaitingApproval   = "AwaitingApproval"
	ReasonRejected           = "Rejected"
	ReasonNoPolicy           = "NoPolicy"
	ReasonPoliciesTooLarge   = "PoliciesTooLarge" // they ask for more than a Publication can record
	ReasonAwaitingRevision   = "AwaitingRevision"
	ReasonAdmissionAltered   = "AdmissionPolicyAltered"
	ReasonRevoked            = "Revoked"
	ReasonAwaitingActivation = "AwaitingActivation"
)

// Reasons of Published.
const (
	ReasonPublished    = "Published"
	ReasonNotPublished = "NotPublished"
	ReasonWithdrawn    = "Withdrawn"
	ReasonSuspended    = "Suspended"
)

// Reasons of Ready beyond those above.
const (
	ReasonReady   = "Ready"
	ReasonRefused = "Refused" // the API server refuses what the controller has to write
)

// Reasons of Ready of a ServiceProvider beyond those of Deployed.
const (
	ReasonNamespaceMissing = "NamespaceMissing" // the platform has not made the agency's namespace
	ReasonNamespaceTaken   = "NamespaceTaken"   // an older ServiceProvider has it
	ReasonProvingImage     = "ProvingImage"     // Reconciling: what is served is being proven on a new intake image; the former one serves
	ReasonImageNotProven   = "ImageNotProven"   // Stalled: scenarios failed on a new intake image; the former one serves
)
