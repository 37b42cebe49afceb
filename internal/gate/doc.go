// SPDX-License-Identifier: Apache-2.0

// Package gate judges whether a digest may be served: policies, decisions and facts go in, a verdict with a reason for each gate
// and each decision comes out. It is pure; the controller and kubectl okno why call the same code.
//
//	          every gate open                     Publication
//	waiting ───────────────────► approved ───────────────────► serving
//	   ▲ │                                                      │   │
//	   │ └── Reject ──► rejected (until its own author         │   │ another digest is published
//	   │                revokes it)                             │   ▼
//	   │                                                        │  served before ── revert in time, nothing said against it ──► approved
//	   └──────────── Withdraw, Revoke, or reverted too late ◄───┴───┘
//	                 (decisions made until then count no more)
//
// What is not written in a policy is blocked: a namespace without policies, a gate that requires an unknown gate, an author whom
// nobody can name. Decisions are a set and their order never matters, with one exception: who decided at two gates decided at
// the first one.
//
// Where the rules leave a choice, these hold:
//
//   - Policies that cover a namespace add up to the strictest: a gate of the same name must hold in each.
//   - A decision may be made before the gates that its gate requires are open. It counts as soon as they are.
//   - An Approve may be revoked by anyone who may decide at its gate; that only adds caution. A Reject may be revoked only by who
//     made it: nobody lifts another's objection, and an agency answers it with a changed definition.
//   - Revoke and Withdraw are final; who changes their mind decides anew.
//   - Doubt about who decided makes an Approve void and nothing else: what was said against a digest holds, and what is served is
//     withdrawn by a decision against it and never by a change of the rules.
//   - A Reject of what is served stops nothing that is served: Withdraw does.
package gate
