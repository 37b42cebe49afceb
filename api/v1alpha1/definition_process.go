// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// DurationUnit is how the law counts a term.
// +kubebuilder:validation:Enum=WorkingDays;CalendarDays
type DurationUnit string

// Units of terms.
const (
	WorkingDays  DurationUnit = "WorkingDays"
	CalendarDays DurationUnit = "CalendarDays"
)

// Duration is a term in days.
type Duration struct {
	// value is the number of days.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3650
	Value int32 `json:"value,omitempty"`
	// unit says which days count.
	// +required
	Unit DurationUnit `json:"unit,omitempty"`
}

// DeadlineStart is the event that a term starts from. The first day that counts is the day after it.
// +kubebuilder:validation:Enum=Filed;Registered
type DeadlineStart string

// Starts of terms.
const (
	StartsFiled      DeadlineStart = "Filed"
	StartsRegistered DeadlineStart = "Registered"
)

// Deadline is a term and the event that it starts from.
type Deadline struct {
	// value is the number of days.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=3650
	Value int32 `json:"value,omitempty"`
	// unit says which days count.
	// +required
	Unit DurationUnit `json:"unit,omitempty"`
	// startsAt is the event that the term starts from.
	// +required
	StartsAt DeadlineStart `json:"startsAt,omitempty"`
}

// StageKind is what a stage is for.
// +kubebuilder:validation:Enum=Intake;Check;Interagency;Decision;Payment;Issue;Query
type StageKind string

// Clock says whether the term runs in a stage.
// +kubebuilder:validation:Enum=Runs;Stops
type Clock string

// ActionRequirement is what an action cannot be done without.
// +kubebuilder:validation:Enum=Ground;Document;Comment
type ActionRequirement string

// Process is the way of an application through the agency: stages and the actions between them. It is drawn on the service's page.
type Process struct {
	// calendar names the calendar of working days, such as ru.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	Calendar string `json:"calendar,omitempty"`
	// registrationDeadline is within what term an application is registered.
	// +required
	RegistrationDeadline Duration `json:"registrationDeadline,omitzero"`
	// deadline is the term of the service. 210-ФЗ art. 14 part 1 item 4.
	// +required
	Deadline Deadline `json:"deadline,omitzero"`
	// stages are what the agency does, in order of the usual way. The first is where applications arrive.
	// +required
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	Stages []Stage `json:"stages,omitempty"`
}

// Stage is a step of the process. A stage without actions is an end.
type Stage struct {
	// id names the stage.
	// +required
	ID ID `json:"id,omitempty"`
	// name is what people call it.
	// +required
	Name Text `json:"name,omitempty"`
	// kind is what it is for.
	// +required
	Kind StageKind `json:"kind,omitempty"`
	// role is who works on it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Role string `json:"role,omitempty"`
	// deadline is the stage's own term.
	// +optional
	Deadline *Duration `json:"deadline,omitempty"`
	// actions lead to other stages.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=16
	Actions []Action `json:"actions,omitempty"`
	// clock says whether the service's term runs in this stage; absent means Runs.
	// +optional
	Clock Clock `json:"clock,omitempty"`
	// portalStatus is the portal's status code for this stage.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=999
	PortalStatus *int32 `json:"portalStatus,omitempty"`
}

// Action leads from a stage to another.
type Action struct {
	// id names the action.
	// +required
	ID ID `json:"id,omitempty"`
	// name is what the button says.
	// +required
	Name Text `json:"name,omitempty"`
	// to is the stage that follows.
	// +required
	To ID `json:"to,omitempty"`
	// requires is what the action cannot be done without.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=3
	Requires []ActionRequirement `json:"requires,omitempty"`
}

// Refusal lists the grounds of negative decisions: every such decision cites one.
type Refusal struct {
	// intakeGrounds are grounds to refuse to take documents. 210-ФЗ art. 14 part 1 item 7.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=64
	IntakeGrounds []Ground `json:"intakeGrounds,omitempty"`
	// suspensionGrounds are grounds to suspend the service. 210-ФЗ art. 14 part 1 item 8.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=64
	SuspensionGrounds []Ground `json:"suspensionGrounds,omitempty"`
	// refusalGrounds are grounds to refuse the service. 210-ФЗ art. 14 part 1 item 8.
	// +optional
	// +listType=map
	// +listMapKey=id
	// +kubebuilder:validation:MaxItems=64
	RefusalGrounds []Ground `json:"refusalGrounds,omitempty"`
}

// Ground is one ground of a negative decision.
type Ground struct {
	// id names the ground.
	// +required
	ID ID `json:"id,omitempty"`
	// text is the ground as the act words it.
	// +required
	Text Text `json:"text,omitempty"`
	// article is where the act says so.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Article string `json:"article,omitempty"`
}

// Output is a document that the service produces.
type Output struct {
	// id names the output.
	// +required
	ID ID `json:"id,omitempty"`
	// name is what people call it.
	// +required
	Name Text `json:"name,omitempty"`
	// type is what it is: a notice, a decision, a service message.
	// +required
	// +kubebuilder:validation:Enum=Receipt;BlankForm;Notice;Decision;ServiceMessage
	Type string `json:"type,omitempty"`
	// format is the file's format.
	// +required
	// +kubebuilder:validation:Enum=HTML;PDF;XML
	Format string `json:"format,omitempty"`
	// template is the document's text with {{placeholders}}.
	// +optional
	Template Text `json:"template,omitempty"`
	// delivery are the ways in which the applicant gets it.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:Enum=Page;Email;MFC;Post
	Delivery []string `json:"delivery,omitempty"`
}

// Routing sends applications to units and queues. The first rule whose condition holds decides.
type Routing struct {
	// rules are tried in order.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	Rules []RoutingRule `json:"rules,omitempty"`
	// default is where applications go that no rule takes.
	// +optional
	Default *Destination `json:"default,omitempty"`
}

// RoutingRule sends the applications for which when holds.
type RoutingRule struct {
	// when is the condition.
	// +required
	When Expression `json:"when,omitempty"`
	// unit is the part of the agency.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Unit string `json:"unit,omitempty"`
	// queue is the unit's queue.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Queue string `json:"queue,omitempty"`
}

// Destination is a unit and its queue.
type Destination struct {
	// unit is the part of the agency.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Unit string `json:"unit,omitempty"`
	// queue is the unit's queue.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Queue string `json:"queue,omitempty"`
}

// Integration is an exchange with an outside system.
type Integration struct {
	// id names the integration; scenarios give its recorded answers by this name.
	// +required
	ID ID `json:"id,omitempty"`
	// system is the other side.
	// +required
	System System `json:"system,omitzero"`
	// protocol is how the two talk.
	// +required
	// +kubebuilder:validation:Enum=REST;SOAP
	Protocol string `json:"protocol,omitempty"`
	// direction says who asks.
	// +required
	// +kubebuilder:validation:Enum=Outbound;Inbound
	Direction string `json:"direction,omitempty"`
	// stage is the stage in which the exchange takes place.
	// +required
	Stage ID `json:"stage,omitempty"`
	// endpointRef names an endpoint that the platform declares in the ServiceProvider. Addresses and secrets never stand here.
	// +required
	EndpointRef ID `json:"endpointRef,omitempty"`
	// request is the template of what is sent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=8192
	Request string `json:"request,omitempty"`
	// response says where the answer's parts go.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=8192
	Response string `json:"response,omitempty"`
	// timeoutSeconds bounds one try.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=300
	TimeoutSeconds int32 `json:"timeoutSeconds,omitempty"`
	// retries is how often a failed try is repeated.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=50
	Retries int32 `json:"retries,omitempty"`
	// onFailure says what becomes of a case whose exchange failed for good.
	// +required
	// +kubebuilder:validation:Enum=Wait;Continue;Manual
	OnFailure string `json:"onFailure,omitempty"`
}

// System is an outside system.
type System struct {
	// name is the system's name.
	// +required
	Name Text `json:"name,omitempty"`
	// owner is its present owner.
	// +required
	Owner Text `json:"owner,omitempty"`
	// legacyNamespace is a name that lives on in XML namespaces, such as that of a body that was merged.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	LegacyNamespace string `json:"legacyNamespace,omitempty"`
}

// Notification tells somebody about an event.
type Notification struct {
	// event is what happened.
	// +required
	// +kubebuilder:validation:Enum=Filed;StageChanged;Query;Granted;Refused;DeadlineNear;Overdue
	Event string `json:"event,omitempty"`
	// audience is who is told.
	// +required
	// +kubebuilder:validation:Enum=Applicant;Officer
	Audience string `json:"audience,omitempty"`
	// channels are how.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:validation:items:Enum=Email;Webhook
	Channels []string `json:"channels,omitempty"`
	// template is the text with {{placeholders}}.
	// +required
	Template Text `json:"template,omitempty"`
}
