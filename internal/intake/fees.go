// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"fmt"
	"time"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/form"
	"github.com/okno-dev/okno/internal/intake/store"
	"github.com/okno-dev/okno/internal/page"
)

// feeBody is a fee that an applicant owes, as programs read it.
type feeBody struct {
	ID       string `json:"id"`
	Amount   string `json:"amount"`
	Currency string `json:"currency"`
}

// feesView is what an applicant pays, as people read it. A service without fees has none; where no fee is theirs, Free is true.
type feesView struct {
	Free bool
	Owed []feeView
}

type feeView struct{ ID, Sum, Basis, Waiver string }

// owed returns the fees of an application by the definition that it is filed under, at the moment of its filing. It is nil when that
// definition has no fees, and empty when none of them is this applicant's.
func (r *release) owed(model *form.Model, envelope *form.Envelope, filedAt time.Time) []v1alpha1.Fee {
	if len(r.def.Fees) == 0 {
		return nil
	}
	return append([]v1alpha1.Fee{}, model.Fees(envelope, filedAt)...)
}

// owed reads the fees of a filed application.
func (s *Server) owed(ctx context.Context, a store.Application) ([]v1alpha1.Fee, error) {
	release, err := s.releaseOf(ctx, a.Service, a.Digest)
	if err != nil || len(release.def.Fees) == 0 {
		return nil, err
	}
	model, err := release.model()
	if err != nil {
		return nil, err
	}
	var envelope form.Envelope
	if err := decode(a.Envelope, &envelope); err != nil {
		return nil, fmt.Errorf("read application: %w", err)
	}
	return release.owed(model, &envelope, a.FiledAt.In(s.options.Location)), nil
}

// feesBody tells programs what is owed.
func feesBody(owed []v1alpha1.Fee) *[]feeBody {
	if owed == nil {
		return nil
	}
	list := make([]feeBody, len(owed))
	for i, f := range owed {
		list[i] = feeBody{ID: string(f.ID), Amount: f.Amount, Currency: f.Currency}
	}
	return &list
}

// feesView tells people what they pay; nil when the service has no fees.
func (c *call) feesView(all, owed []v1alpha1.Fee) *feesView {
	if len(all) == 0 {
		return nil
	}
	view := &feesView{Free: len(owed) == 0}
	languages := []string{c.lang, c.release.def.Languages[0]}
	for _, f := range owed {
		view.Owed = append(view.Owed, feeView{
			ID: string(f.ID), Sum: page.Money(c.lang, f.Amount, f.Currency), Basis: f.Basis.In(languages...), Waiver: f.Waiver.In(languages...),
		})
	}
	return view
}
