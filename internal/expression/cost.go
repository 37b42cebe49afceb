// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/types"
)

// estimator gives CEL the bounds of the schema, so that it can tell what an expression costs at worst.
type estimator struct{ env *built }

// EstimateSize implements checker.CostEstimator. What has no path of its own, such as the value of an optional, is bounded by
// the largest value of its type in the application.
func (s estimator) EstimateSize(node checker.AstNode) *checker.SizeEstimate {
	if size, ok := s.ofPath(node.Path()); ok {
		return &checker.SizeEstimate{Max: size}
	}
	t := node.Type()
	if isOptional(t) {
		t = t.Parameters()[0]
	}
	switch t.Kind() {
	case types.StringKind:
		return &checker.SizeEstimate{Max: s.env.maxString}
	case types.ListKind:
		return &checker.SizeEstimate{Max: s.env.maxList}
	case types.MapKind, types.StructKind:
		return &checker.SizeEstimate{Max: maxClaims}
	}
	return nil
}

func (s estimator) ofPath(path []string) (uint64, bool) {
	if len(path) == 0 {
		return 0, false
	}
	if path[0] == "applicant" {
		if len(path) == 1 {
			return maxClaims, true
		}
		return maxClaimSize, true
	}
	if path[0] != "app" {
		return 0, false
	}
	t := s.env.app
	for _, step := range path[1:] {
		switch {
		case t.Kind == List && step == "@items":
			t = t.Items
		case t.Kind == Object && t.Fields[step] != nil:
			t = t.Fields[step]
		default:
			return 0, false
		}
	}
	if t.Kind == String || t.Kind == List {
		return uint64(t.MaxSize), true
	}
	return 1, true
}

// EstimateCallCost implements checker.CostEstimator for Okno's own functions.
func (s estimator) EstimateCallCost(function, _ string, _ *checker.AstNode, args []checker.AstNode) *checker.CallEstimate {
	if !ownFunctions[function] {
		return nil
	}
	call := &checker.CallEstimate{CostEstimate: checker.CostEstimate{Min: 1, Max: 1}}
	if size := s.EstimateSize(args[0]); size != nil {
		call.Max += size.Max / 10
		if function == "digits" {
			call.ResultSize = size
		}
	}
	return call
}

func isOptional(t *types.Type) bool {
	return t.Kind() == types.OpaqueKind && t.TypeName() == "optional_type" && len(t.Parameters()) == 1
}
