// SPDX-License-Identifier: Apache-2.0

package page

import "strings"

// Money writes a sum as people of a language do: 44 000 ₽ or 350,50 ₽, RUB 44,000 or RUB 350.50. amount is decimal, with a point;
// a fraction of nothing but zeros is left out. What is not a decimal number is written as it is.
func Money(lang, amount, currency string) string {
	whole, fraction, _ := strings.Cut(amount, ".")
	if strings.Trim(fraction, "0") == "" {
		fraction = ""
	}
	separator, point := "\u00a0", ","
	if lang == "en" {
		separator, point = ",", "."
	}
	sum := thousands(whole, separator)
	if fraction != "" {
		sum += point + fraction
	}
	if lang == "en" {
		return currency + "\u00a0" + sum
	}
	if currency == "RUB" {
		currency = "₽"
	}
	return sum + "\u00a0" + currency
}

// thousands puts a separator between groups of three digits.
func thousands(digits, separator string) string {
	if strings.Trim(digits, "0123456789") != "" {
		return digits
	}
	var groups []string
	for len(digits) > 3 {
		groups = append([]string{digits[len(digits)-3:]}, groups...)
		digits = digits[:len(digits)-3]
	}
	return strings.Join(append([]string{digits}, groups...), separator)
}
