// SPDX-License-Identifier: Apache-2.0

package page

import (
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

// LanguageCookie remembers the language that a person chose.
const LanguageCookie = "okno-lang"

// languageAge is how long a choice of language is remembered, in seconds.
const languageAge = 365 * 24 * 3600

// Language picks one of the languages on offer, the first of which is the main one: what ?lang= says, else the cookie, else
// Accept-Language. A choice made by ?lang= is remembered in a cookie.
func Language(w http.ResponseWriter, r *http.Request, offered []string, secure bool) string {
	if len(offered) == 0 {
		return DefaultLanguage
	}
	if chosen := r.URL.Query().Get("lang"); slices.Contains(offered, chosen) {
		http.SetCookie(w, &http.Cookie{
			Name: LanguageCookie, Value: chosen, Path: "/", MaxAge: languageAge,
			HttpOnly: true, Secure: secure, SameSite: http.SameSiteLaxMode,
		})
		return chosen
	}
	if c, err := r.Cookie(LanguageCookie); err == nil && slices.Contains(offered, c.Value) {
		return c.Value
	}
	return Negotiate(r.Header.Get("Accept-Language"), offered)
}

// Negotiate picks one of the offered languages by an Accept-Language header; nothing that fits means the first.
func Negotiate(accept string, offered []string) string {
	if len(offered) == 0 {
		return DefaultLanguage
	}
	// Most requests ask for a language as it is written here; the matcher is for the rest.
	if first, _, _ := strings.Cut(accept, ","); slices.Contains(offered, first) {
		return first
	}
	wanted, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(wanted) == 0 {
		return offered[0]
	}
	tags := make([]language.Tag, len(offered))
	for i, o := range offered {
		tags[i] = language.Make(o)
	}
	_, index, confidence := language.NewMatcher(tags).Match(wanted...)
	if confidence == language.No {
		return offered[0]
	}
	return offered[index]
}
