// SPDX-License-Identifier: Apache-2.0

package expression

import (
	"sort"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// provider tells CEL the types of the application. Names of object types hold a "/" so that no expression can write them: an
// object of the application is read and never constructed.
type provider struct {
	types.Provider
	objects map[string]*Type
}

// declare names t and everything below it, and returns its CEL type.
func (p *provider) declare(name string, t *Type) *types.Type {
	switch t.Kind {
	case Object:
		p.objects[name] = t
		for field, ft := range t.Fields {
			p.declare(name+"/"+field, ft)
		}
		return types.NewObjectType(name)
	case List:
		return types.NewListType(p.declare(name+"/*", t.Items))
	case Integer:
		return types.IntType
	case Number:
		return types.DoubleType
	case Boolean:
		return types.BoolType
	default:
		return types.StringType
	}
}

// celType returns the CEL type that declare gave to t under name.
func celType(name string, t *Type) *types.Type {
	switch t.Kind {
	case Object:
		return types.NewObjectType(name)
	case List:
		return types.NewListType(celType(name+"/*", t.Items))
	case Integer:
		return types.IntType
	case Number:
		return types.DoubleType
	case Boolean:
		return types.BoolType
	default:
		return types.StringType
	}
}

// FindStructType implements types.Provider.
func (p *provider) FindStructType(name string) (*types.Type, bool) {
	if _, ok := p.objects[name]; ok {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return p.Provider.FindStructType(name)
}

// FindStructFieldNames implements types.Provider.
func (p *provider) FindStructFieldNames(name string) ([]string, bool) {
	t, ok := p.objects[name]
	if !ok {
		return p.Provider.FindStructFieldNames(name)
	}
	names := make([]string, 0, len(t.Fields))
	for field := range t.Fields {
		names = append(names, field)
	}
	sort.Strings(names)
	return names, true
}

// FindStructFieldType implements types.Provider. It gives no accessors: values are maps, which CEL selects from by itself.
func (p *provider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	t, ok := p.objects[name]
	if !ok {
		return p.Provider.FindStructFieldType(name, field)
	}
	ft, ok := t.Fields[field]
	if !ok {
		return nil, false
	}
	return &types.FieldType{Type: celType(name+"/"+field, ft)}, true
}

// NewValue implements types.Provider.
func (p *provider) NewValue(name string, fields map[string]ref.Val) ref.Val {
	if _, ok := p.objects[name]; ok {
		return types.NewErr("an expression cannot construct %q", name)
	}
	return p.Provider.NewValue(name, fields)
}
