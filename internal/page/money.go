// SPDX-License-Identifier: Apache-2.0

package page

import (
	"math/big"
	"slices"
	"strings"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// Money writes a sum as people of a language do: 44 000 ₽ or 350,50 ₽, RUB 44,000 or RUB 350.50. amount is decimal, with a point;
// a fraction of nothing but zeros is left out. What is not a decimal number is written as it is.
func Money(lang, amount, currency string) string {
	return priced(lang, sum(lang, amount), currency)
}

// Price writes what a service costs at a glance: one sum, or the least and the greatest that somebody pays (4 000–44 000 ₽). Fees
// without a condition are paid by everybody, together; each of the others may come on top of them. It is "" when nobody pays.
func Price(lang string, fees []v1alpha1.Fee) string {
	var currencies []string
	for _, f := range fees {
		if !slices.Contains(currencies, f.Currency) {
			currencies = append(currencies, f.Currency)
		}
	}
	var prices []string
	for _, currency := range currencies {
		low, high := bounds(fees, currency)
		switch {
		case high.Sign() == 0:
		case low.Cmp(high) == 0:
			prices = append(prices, Money(lang, low.FloatString(2), currency))
		default:
			span := sum(lang, low.FloatString(2)) + "–" + sum(lang, high.FloatString(2))
			prices = append(prices, priced(lang, span, currency))
		}
	}
	return strings.Join(prices, ", ")
}

// bounds are the least and the greatest sum of a currency.
func bounds(fees []v1alpha1.Fee, currency string) (low, high *big.Rat) {
	always := new(big.Rat)
	var least, greatest *big.Rat // of the fees with a condition
	for _, f := range fees {
		amount, ok := new(big.Rat).SetString(f.Amount)
		switch {
		case f.Currency != currency || !ok:
		case f.When == "":
			always.Add(always, amount)
		default:
			if least == nil || amount.Cmp(least) < 0 {
				least = amount
			}
			if greatest == nil || amount.Cmp(greatest) > 0 {
				greatest = amount
			}
		}
	}
	switch {
	case least == nil:
		return always, always
	case always.Sign() == 0:
		return least, greatest
	default:
		return always, new(big.Rat).Add(always, greatest)
	}
}

// sum writes a decimal number.
func sum(lang, amount string) string {
	whole, fraction, _ := strings.Cut(amount, ".")
	if strings.Trim(fraction, "0") == "" {
		fraction = ""
	}
	separator, point := "\u00a0", ","
	if lang == "en" {
		separator, point = ",", "."
	}
	written := thousands(whole, separator)
	if fraction != "" {
		written += point + fraction
	}
	return written
}

// priced adds the currency.
func priced(lang, sum, currency string) string {
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
