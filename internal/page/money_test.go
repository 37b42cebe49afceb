// SPDX-License-Identifier: Apache-2.0

package page

import (
	"testing"

	"github.com/okno-dev/okno/api/v1alpha1"
)

func TestMoney(t *testing.T) {
	for name, tc := range map[string]struct{ amount, ru, en string }{
		"no kopecks":          {"44000.00", "44\u00a0000\u00a0₽", "RUB\u00a044,000"},
		"kopecks":             {"350.50", "350,50\u00a0₽", "RUB\u00a0350.50"},
		"a whole number":      {"4000", "4\u00a0000\u00a0₽", "RUB\u00a04,000"},
		"millions":            {"1234567.05", "1\u00a0234\u00a0567,05\u00a0₽", "RUB\u00a01,234,567.05"},
		"nothing":             {"0", "0\u00a0₽", "RUB\u00a00"},
		"not a decimal comes": {"по договору", "по договору\u00a0₽", "RUB\u00a0по договору"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Money("ru", tc.amount, "RUB"); got != tc.ru {
				t.Errorf("in Russian %q, want %q", got, tc.ru)
			}
			if got := Money("en", tc.amount, "RUB"); got != tc.en {
				t.Errorf("in English %q, want %q", got, tc.en)
			}
		})
	}
	if got, want := Money("ru", "10", "EUR"), "10\u00a0EUR"; got != want {
		t.Errorf("another currency: %q, want %q", got, want)
	}
}

func TestPriceIsSeenAtAGlance(t *testing.T) {
	fee := func(amount, when string) v1alpha1.Fee {
		return v1alpha1.Fee{Amount: amount, Currency: "RUB", When: v1alpha1.Expression(when)}
	}
	for name, tc := range map[string]struct {
		fees   []v1alpha1.Fee
		ru, en string
	}{
		"no fee at all":                       {nil, "", ""},
		"a fee of nothing":                    {[]v1alpha1.Fee{fee("0.00", "")}, "", ""},
		"one fee":                             {[]v1alpha1.Fee{fee("350.50", "")}, "350,50\u00a0₽", "RUB\u00a0350.50"},
		"another sum for organisations":       {[]v1alpha1.Fee{fee("44000", "a"), fee("4000.00", "b")}, "4\u00a0000–44\u00a0000\u00a0₽", "RUB\u00a04,000–44,000"},
		"three, not as text but by their sum": {[]v1alpha1.Fee{fee("900", "a"), fee("1000", "b"), fee("65", "c")}, "65–1\u00a0000\u00a0₽", "RUB\u00a065–1,000"},
		"equal sums, each for somebody else":  {[]v1alpha1.Fee{fee("4000", "a"), fee("4000.00", "b")}, "4\u00a0000\u00a0₽", "RUB\u00a04,000"},
		"two that everybody pays":             {[]v1alpha1.Fee{fee("100", ""), fee("50", "")}, "150\u00a0₽", "RUB\u00a0150"},
		"one on top of another":               {[]v1alpha1.Fee{fee("100", ""), fee("50", "a")}, "100–150\u00a0₽", "RUB\u00a0100–150"},
		"two currencies":                      {[]v1alpha1.Fee{fee("100", ""), {Amount: "5", Currency: "EUR"}}, "100\u00a0₽, 5\u00a0EUR", "RUB\u00a0100, EUR\u00a05"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Price("ru", tc.fees); got != tc.ru {
				t.Errorf("in Russian %q, want %q", got, tc.ru)
			}
			if got := Price("en", tc.fees); got != tc.en {
				t.Errorf("in English %q, want %q", got, tc.en)
			}
		})
	}
}
