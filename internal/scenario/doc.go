// SPDX-License-Identifier: Apache-2.0

// Package scenario runs a definition's acceptance tests. Each scenario is filed over HTTP in every way that people have: as an
// HTML form that is filled page by page without JavaScript, as JSON, and as the agency's XML. The ways must agree: the same
// outcome and the same set of errors, and those that the scenario expects.
//
// The runner is a black box: it knows paths, headers and marks in the HTML, never the server's code. The marks are:
//
//	data-pointer             on an input, or on the fieldset of radios, checkboxes and dates: the answer's place in the envelope
//	data-part                on the inputs of a date: day, month, year
//	data-add                 on the button that adds an entry to the list at that place
//	data-file                on each file that is already attached: its document
//	data-pointer, data-code  on the links of an error summary
//	data-receipt             on the receipt's number and secret
//
// A form does not let people past a page with errors. To see the errors of all pages the runner notes what the page says and
// then posts it again with okno-collect=1, which only a prover obeys: it saves the answers as they are and goes on.
package scenario
