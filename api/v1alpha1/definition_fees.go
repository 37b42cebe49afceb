// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Fee is what an applicant pays.
type Fee struct {
	// id names the fee.
	// +required
	ID ID `json:"id,omitempty"`
	// when says who pays it; absent means everybody.
	// +optional
	When Expression `json:"when,omitempty"`
	// amount is the sum in the currency's main unit, such as "350" or "350.50".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:Pattern=`^[0-9]{1,12}(\.[0-9]{2})?$`
	Amount string `json:"amount,omitempty"`
	// currency is the ISO 4217 code.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=3
	// +kubebuilder:validation:Pattern=`^[A-Z]{3}$`
	Currency string `json:"currency,omitempty"`
	// basis is the act that sets the fee.
	// +required
	Basis Text `json:"basis,omitempty"`
	// waiver says who need not pay.
	// +optional
	Waiver Text `json:"waiver,omitempty"`
}
