// SPDX-License-Identifier: Apache-2.0

package page

import "testing"

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
