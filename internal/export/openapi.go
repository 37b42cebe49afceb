// SPDX-License-Identifier: Apache-2.0

package export

import (
	"strings"

	"github.com/okno-dev/okno/api/v1alpha1"
	"github.com/okno-dev/okno/internal/form"
)

// OpenAPI returns the description of a service's API in OpenAPI 3.1. baseURL is the agency's address without a path.
func OpenAPI(def *v1alpha1.ServiceDefinition, m *form.Model, service, baseURL string) ([]byte, error) {
	base := "/api/v1/services/" + service
	paths := object{
		base + "/applications":          object{"post": fileOperation(service)},
		base + "/applications/{number}": object{"get": statusOperation()},
	}
	if len(m.DocumentIDs()) > 0 {
		paths[base+"/uploads"] = object{"post": uploadOperation(m.DocumentIDs())}
	}
	outputs := m.ServiceMessages()
	if def.Data.XML != nil {
		outputs = append([]string{form.ApplicationXML}, outputs...)
	}
	if len(outputs) > 0 {
		paths[base+"/applications/{number}/outputs/{output}"] = object{"get": outputOperation(outputs)}
	}
	return indented(object{
		"openapi": "3.1.0",
		"info": object{
			"title": def.Title.In(def.Languages...), "summary": def.ShortTitle.In(def.Languages...),
			"description": def.Summary.In(def.Languages...), "version": def.Code,
		},
		"servers": []any{object{"url": strings.TrimSuffix(baseURL, "/")}},
		"paths":   paths,
		"components": object{
			"schemas":   object{"Application": envelope(def, m), "Receipt": receiptSchema(), "Status": statusSchema(), "Upload": uploadSchema(), "Problem": problemSchema()},
			"responses": object{"Problem": problemResponse()},
		},
	})
}

func ref(name string) object { return object{"$ref": "#/components/schemas/" + name} }

func body(mediaType string, schema object) object { return object{mediaType: object{"schema": schema}} }

// problems are the refusals that every operation may answer with.
func problems(codes ...string) object {
	responses := object{}
	for _, code := range codes {
		responses[code] = object{"$ref": "#/components/responses/Problem"}
	}
	return responses
}

func parameter(where, name, description string, required bool, schema object) object {
	return object{"in": where, "name": name, "description": description, "required": required, "schema": schema}
}

func languageHeader() object {
	return parameter("header", "Accept-Language", "The language of messages.", false, object{"type": "string"})
}

func fileOperation(service string) object {
	text := object{"type": "string", "description": "The agency's XML, in UTF-8 or windows-1251; see its XML Schema under /schema/" + service + "/."}
	responses := problems("400", "403", "404", "409", "413", "415", "422", "429", "503")
	responses["201"] = receipt("The application is filed and on disk.")
	responses["200"] = receipt("The application was filed before by a request with the same Idempotency-Key: its receipt again, secret included.")
	content := body("application/json", ref("Application"))
	content["application/xml"] = object{"schema": text}
	content["text/xml"] = object{"schema": text}
	return object{
		"operationId": "fileApplication", "summary": "File an application",
		"parameters": []any{
			parameter("header", "Idempotency-Key", "Makes a repeated request safe: the first answer comes again.", false, object{"type": "string", "minLength": 8, "maxLength": 200}),
			parameter("header", "Okno-Uploads", "The ids of the uploads that come with an application in XML, separated by commas.", false, object{"type": "string"}),
			languageHeader(),
		},
		"requestBody": object{"required": true, "content": content},
		"responses":   responses,
	}
}

// receipt is the answer to an application that is filed.
func receipt(description string) object {
	return object{
		"description": description,
		"headers": object{
			"Location":      object{"description": "Where the application's status is.", "schema": object{"type": "string"}},
			"Okno-Digest":   object{"description": "The digest of the definition that is served now; the receipt names that of the application.", "schema": object{"type": "string"}},
			"Okno-Revision": object{"description": "The revision that is served now.", "schema": object{"type": "string"}},
		},
		"content": body("application/json", ref("Receipt")),
	}
}

// whoHolds are the parameters that find an application for who holds its receipt.
func whoHolds() []any {
	return []any{
		parameter("path", "number", "The application's number.", true, object{"type": "string"}),
		parameter("header", "Okno-Secret", "The secret of the receipt.", true, object{"type": "string"}),
		languageHeader(),
	}
}

func outputOperation(outputs []string) object {
	responses := problems("404", "429")
	responses["200"] = object{"description": "The document.", "content": body("application/xml", object{"type": "string"})}
	return object{
		"operationId": "applicationOutput", "summary": "Get a document that the service makes of an application",
		"parameters": append(whoHolds(), parameter("path", "output", "The document. "+form.ApplicationXML+" is the application itself in the agency's XML.", true, object{"type": "string", "enum": outputs})),
		"responses":  responses,
	}
}

func statusOperation() object {
	responses := problems("404", "429")
	responses["200"] = object{"description": "Where the application stands.", "content": body("application/json", ref("Status"))}
	return object{
		"operationId": "applicationStatus", "summary": "Ask where an application stands",
		"parameters": whoHolds(),
		"responses":  responses,
	}
}

func uploadOperation(documents []string) object {
	responses := problems("400", "403", "404", "413", "415", "422", "429", "503")
	responses["201"] = object{"description": "The file is kept. Refer to it by its id in an application's documents.", "content": body("application/json", ref("Upload"))}
	return object{
		"operationId": "uploadFile", "summary": "Upload a file for an application",
		"parameters": []any{
			parameter("query", "document", "The document that the file is for.", true, object{"type": "string", "enum": documents}),
			parameter("query", "name", "The file's name.", true, object{"type": "string", "minLength": 1, "maxLength": 255}),
			languageHeader(),
		},
		"requestBody": object{"required": true, "content": body("*/*", object{"type": "string", "contentMediaType": "application/octet-stream"})},
		"responses":   responses,
	}
}

func stated(description string) object { return object{"type": "string", "description": description} }

func moment(description string) object {
	return object{"type": "string", "format": "date-time", "description": description}
}

// filed are the facts that receipt and status share.
func filed() object {
	return object{
		"number": stated("The application's number."), "filedAt": moment("When it was filed."),
		"deadline":            moment("By when it must be decided."),
		"deadlineProvisional": object{"type": "boolean", "description": "True when the calendar of non-working days of that year was not known at the time of filing, so that the deadline counts weekends only; absent means false."},
		"unit":                stated("The unit that handles it; empty while it is not routed."), "queue": stated("The unit's queue."),
		"service": stated("The service."), "digest": stated("The definition that it was filed under."), "revision": stated("The revision that it was filed under."),
		"fees": object{
			"type": "array", "description": "What the applicant owes; absent where the service is free, empty where no fee is this applicant's.",
			"items": object{"type": "object", "properties": object{
				"id": stated("The fee in the definition."), "amount": stated("The sum in the currency's main unit, such as 350.50."), "currency": stated("The ISO 4217 code."),
			}, "required": []string{"id", "amount", "currency"}},
		},
	}
}

func receiptSchema() object {
	properties := filed()
	properties["secret"] = stated("Needed to ask for the status. Only this answer tells it, and its repetition under the same Idempotency-Key.")
	return object{"type": "object", "properties": properties, "required": []string{"number", "secret", "filedAt", "unit", "queue", "service", "digest", "revision"}}
}

func statusSchema() object {
	properties := filed()
	properties["status"] = stated("Where the application stands.")
	return object{"type": "object", "properties": properties, "required": []string{"number", "status", "filedAt", "unit", "queue", "service", "digest", "revision"}}
}

func uploadSchema() object {
	return object{"type": "object", "properties": object{
		"id": stated("Refer to the upload by this id."), "document": stated("The document that the file is for."), "name": stated("The file's name."),
		"type": stated("The media type that its content shows."), "size": object{"type": "integer", "description": "In bytes."}, "sha256": stated("The content's hash, in hex."),
	}, "required": []string{"id", "document", "name", "type", "size", "sha256"}}
}

func problemSchema() object {
	return object{
		"type": "object", "description": "RFC 9457 problem details.",
		"properties": object{
			"type": stated("What kind of problem it is."), "title": stated("The problem in one line."),
			"status": object{"type": "integer"}, "detail": stated("What to do."),
			"errors": object{
				"type": "array", "description": "All that is wrong, in the order of the form.",
				"items": object{
					"type": "object",
					"properties": object{
						"pointer": stated("Where, as a JSON Pointer into the body."), "code": stated("What is wrong."), "detail": stated("What to do, in the caller's language."),
					},
					"required": []string{"pointer", "code", "detail"},
				},
			},
		},
		"required": []string{"title", "status"},
	}
}

func problemResponse() object {
	return object{"description": "Why it was refused.", "content": body("application/problem+json", ref("Problem"))}
}
