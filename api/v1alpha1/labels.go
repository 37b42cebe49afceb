// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Labels and annotations. Okno never copies a user's labels to what it creates (Argo CD would prune the children).
const (
	// ServiceLabel names the GovService that a ServiceRevision or Publication belongs to.
	ServiceLabel = GroupName + "/service"
	// DigestLabel holds the first 63 hex digits of the digest that a record speaks of, for selection by people; code keys on the full digest.
	DigestLabel = GroupName + "/digest"
	// AuthorAnnotation names who last changed spec.service. The admission policy stamps it; a value that a client sends is overwritten.
	AuthorAnnotation = GroupName + "/author"
	// UnknownAuthor is the author when nobody can be named. Separation of duties then fails closed.
	UnknownAuthor = "unknown"
	// WithdrawFinalizer holds a deleted GovService until its withdrawal is recorded.
	WithdrawFinalizer = GroupName + "/withdraw"
	// ProviderLabel is the namespace label that names the ServiceProvider a namespace belongs to.
	ProviderLabel = GroupName + "/provider"
)

// Names that admission and the command line rely on.
const (
	// GatesResource is the synthetic resource on which the verb ApproveVerb is checked; the object name is the gate's.
	GatesResource = "gates"
	// ApproveVerb is the RBAC verb that lets a user decide at a gate.
	ApproveVerb = "approve"
	// SystemNamespace is where the controller, the prover and the portal run.
	SystemNamespace = "okno-system"
	// ControllerAccount is the user name of the controller's service account.
	ControllerAccount = "system:serviceaccount:okno-system:okno-controller"
	// FieldManager is the name under which the controller owns fields.
	FieldManager = "okno-controller"
)
