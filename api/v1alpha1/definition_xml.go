// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// XML says how an application is written as XML. The names of elements stand in the schema's properties (x-okno-xml).
type XML struct {
	// namespaces maps prefixes to URIs; the empty prefix is written as "default".
	// +required
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=16
	Namespaces map[string]NamespaceURI `json:"namespaces,omitempty"`
	// root is the root element, as prefix:name or name.
	// +required
	Root XMLName `json:"root,omitempty"`
	// wrap are elements between the root and the data, outermost first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Wrap []XMLName `json:"wrap,omitempty"`
	// constants are elements with a fixed value. In at, names are those of the XML.
	// +optional
	// +listType=map
	// +listMapKey=at
	// +kubebuilder:validation:MaxItems=64
	Constants []XMLConstant `json:"constants,omitempty"`
	// filled are elements that the intake fills.
	// +optional
	// +listType=map
	// +listMapKey=at
	// +kubebuilder:validation:MaxItems=32
	Filled []XMLFilled `json:"filled,omitempty"`
}

// NamespaceURI names an XML namespace.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=512
type NamespaceURI string

// XMLName is an element's name, with a prefix of namespaces or without.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=128
type XMLName string

// XMLPath is a path of element names from the root, /-separated, such as /ЭДПФР/ЗДП/af:GUID.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=512
type XMLPath string

// XMLConstant is an element with a fixed value, written when its parent is.
type XMLConstant struct {
	// at is the element's path.
	// +required
	At XMLPath `json:"at,omitempty"`
	// value is its text.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Value string `json:"value,omitempty"`
	// order places the element among its siblings, as in x-okno-xml.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	Order int32 `json:"order,omitempty"`
}

// FilledFrom is what the intake fills an element with.
// +kubebuilder:validation:Enum=Number;FiledOn;FiledAt;UUID
type FilledFrom string

// XMLFilled is an element that the intake fills.
type XMLFilled struct {
	// at is the element's path.
	// +required
	At XMLPath `json:"at,omitempty"`
	// from is the value: the application's number, the day or the moment it was filed, or a UUID made from the number.
	// +required
	From FilledFrom `json:"from,omitempty"`
	// order places the element among its siblings, as in x-okno-xml.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	Order int32 `json:"order,omitempty"`
}
