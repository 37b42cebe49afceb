// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/form"
)

// example is a ready-made application.
type example struct {
	what      string
	mediaType string
	path      string
}

// writeExamples writes the service's first accepted scenario as JSON and, if the service has XML, as XML into dir.
func writeExamples(dir string, service *serviceFile) ([]example, error) {
	given := firstAccepted(service.def)
	if given == nil {
		return nil, errors.New("no scenario is accepted without files")
	}
	model, err := form.Load(service.def)
	if err != nil {
		return nil, err
	}
	body, err := json.MarshalIndent(map[string]json.RawMessage{"data": given}, "", "  ")
	if err != nil {
		return nil, err
	}
	envelope, _, err := model.ParseJSON(body)
	if err != nil {
		return nil, err
	}
	out := []example{{"an application as JSON", "application/json", filepath.Join(dir, service.name+".json")}}
	if err := os.WriteFile(out[0].path, append(body, '\n'), 0o600); err != nil {
		return nil, err
	}
	if service.def.Data.XML == nil {
		return out, nil
	}
	number := uuid.New()
	written, err := model.EncodeXML(envelope, form.Filled{Number: number.String(), FiledAt: time.Now(), UUID: number.String()})
	if err != nil {
		return nil, err
	}
	out = append(out, example{"the same as the agency's XML", "application/xml", filepath.Join(dir, service.name+".xml")})
	return out, os.WriteFile(out[1].path, written, 0o600)
}

// firstAccepted returns the data of the first scenario that is accepted and needs no files.
func firstAccepted(def *v1alpha1.ServiceDefinition) json.RawMessage {
	for _, s := range def.Scenarios {
		if s.Expect.Outcome == v1alpha1.OutcomeAccepted && len(s.Attachments) == 0 {
			return s.Given.Raw
		}
	}
	return nil
}
