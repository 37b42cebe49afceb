// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// RegistryCode is the service's code in another system.
type RegistryCode struct {
	// system is the registry, such as EPGU, FRGU or IPDC.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	System string `json:"system,omitempty"`
	// code is the service's code there.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Code string `json:"code,omitempty"`
}

// Level is the level of government that answers for a service.
// +kubebuilder:validation:Enum=Federal;Regional;Municipal
type Level string

// Levels of government.
const (
	LevelFederal   Level = "Federal"
	LevelRegional  Level = "Regional"
	LevelMunicipal Level = "Municipal"
)

// Classification places a service in the catalogue.
type Classification struct {
	// level is the level of government.
	// +required
	Level Level `json:"level,omitempty"`
	// sector is the branch of public life, such as social-protection.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Sector string `json:"sector,omitempty"`
	// keywords help people find the service.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	Keywords []string `json:"keywords,omitempty"`
	// lifeEvents are events in a person's life that the service belongs to, such as retirement.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	LifeEvents []string `json:"lifeEvents,omitempty"`
	// businessEvents are events in a business's life that the service belongs to.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	BusinessEvents []string `json:"businessEvents,omitempty"`
}
