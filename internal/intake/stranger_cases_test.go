// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"fmt"
	"net/http"
	"strings"
)

const (
	asJSON = "Content-Type: application/json"
	asXML  = "Content-Type: application/xml"
	asForm = "Content-Type: application/x-www-form-urlencoded"
	asPart = "Content-Type: multipart/form-data; boundary=b"

	badRequest  = http.StatusBadRequest
	wrongType   = http.StatusUnsupportedMediaType
	tooLarge    = http.StatusRequestEntityTooLarge
	notAnswered = http.StatusUnprocessableEntity
	missing     = http.StatusNotFound
)

// residentXML is a correct application without its declaration.
const residentXML = `<application><name>Секретова</name><birthDate>1990-05-01</birthDate><district>north</district><home>own</home>` +
	`<years>2</years><cars><plate>А123ВС77</plate></cars></application>`

// with is the correct application with one thing changed.
func with(from, to string) string {
	marked := strings.Replace(resident, "Анна Образцова", mark, 1)
	if !strings.Contains(marked, from) {
		panic(from + " is not in the application")
	}
	return strings.Replace(marked, from, to, 1)
}

func js(name, body string, status int, id string) badCase {
	return badCase{name: name, send: request{header: []string{asJSON}, body: body}, status: status, id: id}
}

func xm(name, body string, status int, id string) badCase {
	return badCase{name: name, send: request{header: []string{asXML}, body: body}, status: status, id: id}
}

func typed(name, contentType, body string, status int, id string) badCase {
	return badCase{name: name, send: request{header: []string{"Content-Type: " + contentType}, body: body}, status: status, id: id}
}

func head(name, line string, status int, id string) badCase {
	return badCase{name: name, send: request{header: []string{asJSON, line}, body: resident}, status: status, id: id}
}

func at(name, method, path string, status int, id string, header ...string) badCase {
	return badCase{name: name, send: request{method: method, path: path, header: header}, status: status, id: id}
}

func sheet(name, path, contentType, body string, status int) badCase {
	return badCase{name: name, in: "form", send: request{path: path, header: []string{contentType}, body: body}, status: status}
}

// in puts cases into another world.
func in(world string, cases ...badCase) []badCase {
	for i := range cases {
		cases[i].in = world
	}
	return cases
}

func badGroups() []badGroup {
	return []badGroup{
		{"What an application is sent as", "JSON is in UTF-8, XML in UTF-8 or windows-1251; nothing is compressed.", mediaCases()},
		{"JSON that readers would disagree about", "The body is refused as a whole, with the place at which it fails.", jsonCases()},
		{"XML that is more than data", "No document type, no entity, no instruction, one charset, nothing twice.", xmlCases()},
		{"Answers that are wrong", "All errors at once, in the order of the form, in JSON and in XML alike.", answerCases()},
		{"Too much", "One megabyte without files; a file as much as its document takes.", sizeCases()},
		{"A service that takes nothing now", "In the agency's zone of time.", closedCases()},
		{"Retries and crowds", "A key of another client shows nothing of that client's application.", keyCases()},
		{"Uploads", "A file is judged by its content. A refused one is not kept.", uploadCases()},
		{"Addresses and methods", "What is not there looks the same to everybody.", addressCases()},
		{"The form in a browser", "Pages speak Russian or English. What was saved stays.", formCases()},
		{"Applications of others", "A wrong code, an unknown number and a number with a typing error look the same.", receiptCases()},
		{"Requests that are no HTTP", "The server of HTTP answers by itself, in plain text, and closes the connection.", wireCases()},
	}
}

func mediaCases() []badCase {
	return []badCase{
		{name: "no type at all", send: request{body: resident}, status: wrongType, id: "mediaType"},
		typed("a form's type", "application/x-www-form-urlencoded", "name=a", wrongType, "mediaType"),
		typed("plain text", "text/plain", resident, wrongType, "mediaType"),
		typed("a type that cannot be read", "application/json; charset", resident, wrongType, "mediaType"),
		typed("JSON in windows-1251", "application/json; charset=windows-1251", `{}`, wrongType, "mediaType"),
		{name: "two types", send: request{header: []string{asJSON, asXML}, body: resident}, status: wrongType, id: "mediaType"},
		head("a zipped body", "Content-Encoding: gzip", wrongType, "contentCoding"),
		head("a body zipped twice", "Content-Encoding: gzip, br", wrongType, "contentCoding"),
		typed("XML in a charset that is not taken", "application/xml; charset=koi8-r", residentXML, badRequest, "syntax"),
		typed("XML whose charsets disagree", "text/xml; charset=utf-8", `<?xml version="1.0" encoding="windows-1251"?>`+residentXML, badRequest, "syntax"),
		typed("XML in UTF-8, called windows-1251 by the header", "text/xml; charset=windows-1251", `<?xml version="1.0" encoding="UTF-8"?>`+residentXML, badRequest, "syntax"),
		xm("a byte order mark of UTF-8 before windows-1251", "\ufeff"+`<?xml version="1.0" encoding="windows-1251"?>`+residentXML, badRequest, "syntax"),
		xm("a byte that windows-1251 does not have", "<?xml version=\"1.0\" encoding=\"windows-1251\"?><application><name>\x98</name></application>", badRequest, "syntax"),
		xm("XML in UTF-16", "\xff\xfe<\x00a\x00/\x00>\x00", badRequest, "syntax"),
		js("JSON in UTF-16", "\xfe\xff\x00{\x00}", badRequest, "syntax"),
	}
}

func jsonCases() []badCase {
	return []badCase{
		js("nothing", "", badRequest, "syntax"),
		js("no JSON", "привет", badRequest, "syntax"),
		js("it breaks off", resident[:60], badRequest, "syntax"),
		js("a list", `[`+resident+`]`, badRequest, "syntax"),
		js("something after it", resident+`{}`, badRequest, "syntax"),
		js("a comma too many", with(`"years": 2,`, `"years": 2,,`), badRequest, "syntax"),
		js("a comment", "// hello\n"+resident, badRequest, "syntax"),
		js("a key twice", with(`"years": 2`, `"years": 2, "years": 3`), badRequest, "syntax"),
		js("a key twice, once in escapes", with(`"years": 2`, `"years": 2, "y\u0065ars": 3`), badRequest, "syntax"),
		js("a long key twice", `{"`+strings.Repeat("k", 5000)+`":1,"`+strings.Repeat("k", 5000)+`":1}`, badRequest, "syntax"),
		js("500 000 lists in each other", strings.Repeat("[", 500_000), badRequest, "syntax"),
		js("40 objects in each other", strings.Repeat(`{"data":`, 40)+"1"+strings.Repeat("}", 40), badRequest, "syntax"),
		js("bytes that are no UTF-8", with("north", "\xff"), badRequest, "syntax"),
		js("half of a surrogate pair", with("north", `\ud83d`), badRequest, "syntax"),
		js("NaN", with(`"years": 2`, `"years": NaN`), badRequest, "syntax"),
	}
}

func xmlCases() []badCase {
	bomb := `<!DOCTYPE a [<!ENTITY a "` + mark + `"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]><application><name>&c;</name></application>`
	return []badCase{
		xm("nothing", "", badRequest, "syntax"),
		xm("no XML", resident, badRequest, "syntax"),
		xm("it breaks off", residentXML[:80], badRequest, "syntax"),
		xm("tags that cross", strings.Replace(residentXML, "</cars></application>", "</application></cars>", 1), badRequest, "syntax"),
		xm("entities that multiply", bomb, badRequest, "syntax"),
		xm("an entity of a file", `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><application><name>&x;</name></application>`, badRequest, "syntax"),
		xm("a document type of another server", `<!DOCTYPE a SYSTEM "http://192.0.2.1/a.dtd"><application/>`, badRequest, "syntax"),
		xm("an entity that nobody declared", strings.Replace(residentXML, mark, "&x;", 1), badRequest, "syntax"),
		xm("an instruction", `<?xml-stylesheet href="http://192.0.2.1/a.xsl"?>`+residentXML, badRequest, "syntax"),
		xm("an element twice", strings.Replace(residentXML, "<years>", "<years>3</years><years>", 1), badRequest, "syntax"),
		xm("an attribute twice", strings.Replace(residentXML, "<cars>", `<cars a="1" a="2">`, 1), badRequest, "syntax"),
		xm("two documents", residentXML+residentXML, badRequest, "syntax"),
		xm("another document", "<Request/>", badRequest, "syntax"),
		xm("elements 100 000 deep", strings.Repeat("<a>", 100_000), badRequest, "syntax"),
		xm("a name without end", "<"+strings.Repeat("a", 200_000)+"/>", badRequest, "syntax"),
		xm("a character that XML does not have", strings.Replace(residentXML, mark, "&#0;", 1), badRequest, "syntax"),
	}
}

func answerCases() []badCase {
	many := make([]string, 3)
	for i := range many {
		many[i] = `{"plate": "А123ВС77", "make": "` + strings.Repeat("Я", i) + `Лада"}`
	}
	return []badCase{
		js("everything is wrong", `{"data": {"name": "", "birthDate": "2015-01-01", "home": "rented", "years": 7, "cars": [{"plate": "X"}], "dog": 1}}`, notAnswered, "invalid"),
		xm("everything is wrong, as XML", `<application><name/><birthDate>2015-01-01</birthDate><home>rented</home><years>7</years><cars><plate>X</plate></cars><dog>1</dog></application>`, notAnswered, "invalid"),
		js("nothing is answered", `{}`, notAnswered, "invalid"),
		js("null for all", `{"data": null}`, notAnswered, "invalid"),
		js("a list for the data", `{"data": []}`, notAnswered, "invalid"),
		js("an object for a text", with(`"north"`, `{"a": 1}`), notAnswered, "invalid"),
		js("a number as text", with(`"years": 2`, `"years": "two"`), notAnswered, "invalid"),
		js("a number beyond what readers agree on", with(`"years": 2`, `"years": 9007199254740993`), notAnswered, "invalid"),
		js("a day that does not exist", with("1990-05-01", "1990-02-30"), notAnswered, "invalid"),
		js("digits of full width", with("1990-05-01", "１９９０-05-01"), notAnswered, "invalid"),
		js("a plate in Latin letters", with("А123ВС77", "A123BC77"), notAnswered, "invalid"),
		js("a plate with spaces", with("А123ВС77", "А 123 ВС 77"), notAnswered, "invalid"),
		js("a character that XML cannot hold", with(mark, mark+`\u0000`), notAnswered, "invalid"),
		js("one car too many", with(`[{"plate": "А123ВС77", "make": "Лада"}]`, "["+strings.Join(many, ",")+"]"), notAnswered, "invalid"),
		js("1000 things that nobody asks for", `{"data": {`+strings.TrimSuffix(numbered(1000, `"x%d": 1,`), ",")+`}}`, notAnswered, "invalid"),
		js("a name without end that nobody asks for", `{"data": {"`+strings.Repeat("k", 5000)+`": 1}}`, notAnswered, "invalid"),
		js("a file that was not uploaded", with(`]}}`, `]}, "documents": [{"document": "rent", "id": "1"}]}`), notAnswered, "invalid"),
		{
			name: "an unknown upload beside XML", status: notAnswered, id: "invalid",
			send: request{header: []string{asXML, "Okno-Uploads: ../../etc/passwd"}, body: residentXML},
		},
		{
			name: "in Russian", status: notAnswered, id: "invalid",
			send: request{header: []string{asJSON, "Accept-Language: ru"}, body: with(`"years": 2`, `"years": 9`)},
		},
		{
			name: "in a language that the service does not have", status: notAnswered, id: "invalid",
			send: request{header: []string{asJSON, "Accept-Language: tt-RU, ;;;q=x"}, body: with(`"years": 2`, `"years": 9`)},
		},
		{
			name: "by a client that wants a picture", status: notAnswered, id: "invalid",
			send: request{header: []string{asJSON, "Accept: image/png"}, body: with(`"years": 2`, `"years": 9`)},
		},
	}
}

// numbered repeats a pattern with its number.
func numbered(n int, pattern string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, pattern, i)
	}
	return b.String()
}

func sizeCases() []badCase {
	return []badCase{
		js("an application of more than one megabyte", `{"data":"`+strings.Repeat("x", maxBody)+`"}`, tooLarge, "bodyTooLarge"),
		xm("the same as XML", "<application>"+strings.Repeat(" ", maxBody)+"</application>", tooLarge, "bodyTooLarge"),
		{
			name: "the same in chunks, without a length", status: tooLarge, id: "bodyTooLarge",
			send: request{header: []string{asJSON, "Transfer-Encoding: chunked"}, body: fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", maxBody+1, strings.Repeat("1", maxBody+1))},
		},
		{
			name: "a key of more than a header holds", status: http.StatusRequestHeaderFieldsTooLarge,
			send: request{header: []string{asJSON, "Idempotency-Key: " + strings.Repeat("k", 64<<10)}, body: resident},
		},
		{
			name: "10 000 headers", status: http.StatusRequestHeaderFieldsTooLarge,
			send: request{header: append(strings.Split(strings.TrimSpace(numbered(10_000, "X-%d: 1\n")), "\n"), asJSON), body: resident},
		},
	}
}

func closedCases() []badCase {
	var cases []badCase
	for _, c := range []struct{ world, name, id string }{
		{"early", "before it opens", "notOpen"},
		{"late", "after it closed", "closed"},
		{"full", "after the last application that was announced", "full"},
		{"suspended", "while it is suspended", "suspended"},
		{"withdrawn", "after it was withdrawn", "withdrawn"},
	} {
		cases = append(cases, in(c.world,
			js(c.name, resident, http.StatusForbidden, c.id),
			at(c.name+": an upload", http.MethodPost, uploadsPath+"?document=rent&name=a.pdf", http.StatusForbidden, c.id),
			at(c.name+": the form", http.MethodPost, "/s/"+service+"/apply", http.StatusForbidden, ""))...)
	}
	return cases
}

func keyCases() []badCase {
	cases := in("keys",
		head("a key that anybody would think of", "Idempotency-Key: 1", badRequest, "badKey"),
		head("a key with a space", "Idempotency-Key: order 0001", badRequest, "badKey"),
		head("a key of 201 characters", "Idempotency-Key: "+strings.Repeat("k", 201), badRequest, "badKey"),
		head("a key in Russian letters", "Idempotency-Key: заявление", badRequest, "badKey"),
		badCase{
			name: "two keys", status: badRequest, id: "badKey",
			send: request{header: []string{asJSON, "Idempotency-Key: order-0002", "Idempotency-Key: order-0003"}, body: resident},
		},
		badCase{
			name: "another client's key", status: http.StatusConflict, id: "keyReused",
			send: request{header: []string{asJSON, "Idempotency-Key: order-0001"}, body: with(mark, "Яна")},
		},
		badCase{
			name: "another client's key with what is no application", status: badRequest, id: "syntax",
			send: request{header: []string{asJSON, "Idempotency-Key: order-0001"}, body: "{"},
		},
	)
	return append(cases, in("hurried",
		js("too many at once", resident, http.StatusTooManyRequests, "tooMany"),
		at("too many at once, in a browser", http.MethodPost, "/s/"+service+"/apply", http.StatusTooManyRequests, ""))...)
}

const uploadsPath = "/api/v1/services/" + service + "/uploads"

func uploadCases() []badCase {
	send := func(name, query, body string, status int, id string, header ...string) badCase {
		return badCase{name: name, send: request{path: uploadsPath + query, header: header, body: body}, status: status, id: id}
	}
	return []badCase{
		send("for no document", "", pdf, notAnswered, "invalid"),
		send("for a document that is not asked for", "?document=other&name=a.pdf", pdf, notAnswered, "invalid"),
		send("for a document that the agency gets itself", "?document=registration&name=a.pdf", pdf, notAnswered, "invalid"),
		send("an empty file", "?document=rent&name=a.pdf", "", notAnswered, "invalid"),
		send("a page that is called a PDF", "?document=rent&name=a.pdf", "<html><script>alert(1)</script></html>", notAnswered, "invalid"),
		send("an archive", "?document=rent&name=a.zip", "PK\x03\x04"+strings.Repeat("\x00", 64), notAnswered, "invalid"),
		send("more than the document takes", "?document=rent&name=a.pdf", pdf+strings.Repeat(" ", 5<<20), tooLarge, "invalid"),
		send("a zipped PDF", "?document=rent&name=a.pdf", pdf, wrongType, "contentCoding", "Content-Encoding: gzip"),
	}
}

func addressCases() []badCase {
	get, put := http.MethodGet, http.MethodPut
	return []badCase{
		at("a service that does not exist", http.MethodPost, "/api/v1/services/other/applications", missing, "noService", asJSON),
		at("a service in other letters", get, "/api/v1/services/PARKING-PERMIT/openapi.json", missing, "noService"),
		at("a version that does not exist", get, "/api/v2/services", missing, "notFound"),
		at("a schema that does not exist", get, "/schema/"+service+"/other.xsd", missing, "notFound"),
		at("PUT", put, applicationsPath, http.StatusMethodNotAllowed, "method"),
		at("GET where applications are sent", get, applicationsPath, http.StatusMethodNotAllowed, "method"),
		at("HEAD where applications are sent", http.MethodHead, applicationsPath, http.StatusMethodNotAllowed, "method"),
		at("OPTIONS", http.MethodOptions, applicationsPath, http.StatusMethodNotAllowed, "method"),
		at("a method that nobody has", "FROBNICATE", applicationsPath, http.StatusMethodNotAllowed, "method"),
		at("a browser on another site", http.MethodPost, applicationsPath, http.StatusForbidden, "crossOrigin", asJSON, "Sec-Fetch-Site: cross-site"),
		at("another site's origin", http.MethodPost, applicationsPath, http.StatusForbidden, "crossOrigin", asJSON, "Origin: https://evil.example"),
		at("steps up in the path", get, "/schema/"+service+"/%2e%2e/%2e%2e/etc/passwd", missing, "notFound"),
		at("a path of another place", get, "/schema/"+service+"/..%2f..%2fetc%2fpasswd", missing, "notFound"),
		at("two slashes", get, "/api//v1/services", http.StatusTemporaryRedirect, ""),
		at("two slashes before a host", get, "//evil.example/%2e%2e", http.StatusTemporaryRedirect, ""),
		at("NUL in the path", get, "/api/v1/services/%00/openapi.json", missing, "noService"),
		at("bytes that are no UTF-8 in the path", get, "/api/v1/services/%ff%fe/openapi.json", missing, "noService"),
		at("a name without end", get, "/api/v1/services/"+strings.Repeat("a", 8000)+"/openapi.json", missing, "noService"),
		at("the inner port's path", get, "/inner/v1/status", missing, ""),
		at("the program's numbers", get, "/metrics", missing, ""),
	}
}

func formCases() []badCase {
	part := "--b\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n"
	return append([]badCase{
		sheet("JSON for a page", "{page}", asJSON, resident, wrongType),
		sheet("no type", "{page}", "X-Type: none", "district=north", wrongType),
		sheet("nothing", "{page}", asForm, "", notAnswered),
		sheet("a choice that is not offered", "{page}", asForm, "district=moon&home=own", notAnswered),
		sheet("a value twice", "{page}", asForm, "district=north&district=moon&home=own", notAnswered),
		sheet("signs that cannot be read", "{page}", asForm, "district=%zz", badRequest),
		sheet("bytes that are no UTF-8", "{page}", asForm, "district=%ff", badRequest),
		sheet("semicolons", "{page}", asForm, "district=north;home=own", badRequest),
		sheet("3000 values", "{page}", asForm, strings.Repeat("x=1&", 3000), tooLarge),
		sheet("20 000 names", "{page}", asForm, numbered(20_000, "x%d=1&"), badRequest),
		sheet("more than one megabyte", "{page}", asForm, "district="+strings.Repeat("x", maxBody), tooLarge),
		sheet("parts without a boundary", "{page}", "Content-Type: multipart/form-data", "--b--", badRequest),
		sheet("parts that break off", "{page}", asPart, fmt.Sprintf(part, "district", "north"), badRequest),
		sheet("parts that are none", "{page}", asPart, "no parts", badRequest),
		sheet("a part whose headers have no end", "{page}", asPart, "--b\r\n"+strings.Repeat("X: 1\r\n", 20_000), badRequest),
		sheet("3000 parts", "{page}", asPart, strings.Repeat(fmt.Sprintf(part, "x", "1"), 3000)+"--b--\r\n", tooLarge),
		sheet("a part of more than one megabyte", "{page}", asPart, fmt.Sprintf(part, "district", strings.Repeat("x", maxBody+1))+"--b--\r\n", tooLarge),
		sheet("a part that is no UTF-8", "{page}", asPart, fmt.Sprintf(part, "district", "\xff")+"--b--\r\n", badRequest),
		sheet("a file for a document that is not asked for", "{page}", asPart, "--b\r\nContent-Disposition: form-data; name=\"document.rent\"; filename=\"a\"\r\n\r\nx\r\n--b--\r\n", notAnswered),
		sheet("sending before all is answered", "{check}", asForm, "declaration=agreed&version=0", http.StatusConflict),
		sheet("a page that does not exist", "/s/"+service+"/apply/1/you", asForm, "", missing),
		sheet("a number and a code that are wrong", "/s/"+service+"/receipt", asForm, "number=2026-0000001-2&secret="+strings.Repeat("A", 32), notAnswered),
		{
			name: "a zipped page", in: "form", status: wrongType,
			send: request{path: "{page}", header: []string{asForm, "Content-Encoding: gzip"}, body: "district=north&home=own"},
		},
		{
			name: "another site's form", in: "form", status: http.StatusForbidden,
			send: request{path: "{page}", header: []string{asForm, "Sec-Fetch-Site: cross-site"}, body: "district=north&home=own"},
		},
		{
			name: "PUT", in: "form", status: http.StatusMethodNotAllowed,
			send: request{method: http.MethodPut, path: "{page}", header: []string{asForm}, body: "district=north"},
		},
	}, in("receipt",
		at("an unfinished application without its cookie", http.MethodGet, "/s/"+service+"/apply/AAAAAAAAAAAAAAAAAAAAAAAA/you", missing, ""),
		at("with a cookie that was made up", http.MethodGet, "/s/"+service+"/apply/AAAAAAAAAAAAAAAAAAAAAAAA/you", missing, "", "Cookie: okno-draft="+strings.Repeat("A", 32)),
		at("with a cookie without end", http.MethodGet, "/s/"+service+"/apply/AAAAAAAAAAAAAAAAAAAAAAAA/you", missing, "", "Cookie: okno-draft="+strings.Repeat("A", 20_000)),
		at("with SQL for a cookie", http.MethodGet, "/s/"+service+"/apply/'%20or%201=1/you", missing, "", "Cookie: okno-draft=' or 1=1 --"))...)
}

func receiptCases() []badCase {
	get := http.MethodGet
	return in("receipt",
		at("without the code", get, applicationsPath+"/{number}", missing, "noApplication"),
		at("with a wrong code", get, applicationsPath+"/{number}", missing, "noApplication", "Okno-Secret: "+strings.Repeat("A", 32)),
		at("with a code without end", get, applicationsPath+"/{number}", missing, "noApplication", "Okno-Secret: "+strings.Repeat("A", 20_000)),
		at("with the code in the address", get, applicationsPath+"/{number}?secret=A", missing, "noApplication"),
		at("an unknown number", get, applicationsPath+"/2026-9999999-9", missing, "noApplication", "Okno-Secret: A"),
		at("what is no number", get, applicationsPath+"/'%20or%201=1", missing, "noApplication", "Okno-Secret: A"),
		at("its XML without the code", get, applicationsPath+"/{number}/outputs/application.xml", missing, "noApplication"),
		at("under another service", get, "/api/v1/services/other/applications/{number}", missing, "noService"))
}

func wireCases() []badCase {
	whole := "POST " + applicationsPath + " HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nConnection: close\r\n"
	return []badCase{
		{name: "no HTTP", send: request{raw: "hello\r\n\r\n"}, status: badRequest},
		{name: "no host", send: request{raw: "GET / HTTP/1.1\r\n\r\n"}, status: badRequest},
		{name: "two lengths", send: request{raw: whole + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"}, status: badRequest},
		{name: "a negative length", send: request{raw: whole + "Content-Length: -1\r\n\r\n{}"}, status: badRequest},
		{name: "a length and chunks", send: request{raw: whole + "Content-Length: 2\r\nTransfer-Encoding: gzip\r\n\r\n{}"}, status: http.StatusNotImplemented},
		{name: "chunks that are none", send: request{raw: whole + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}"}, status: badRequest, id: "unreadable"},
		{name: "a header with NUL", send: request{raw: whole + "X: \x00\r\n\r\n"}, status: badRequest},
		{name: "an expectation that nobody has", send: request{raw: whole + "Expect: miracle\r\nContent-Length: 2\r\n\r\n{}"}, status: http.StatusExpectationFailed},
		{
			name: "a promise of a body that is refused before it is sent", status: wrongType, id: "contentCoding",
			send: request{raw: whole + "Expect: 100-continue\r\nContent-Encoding: gzip\r\nContent-Length: 1000000\r\n\r\n"},
		},
	}
}
