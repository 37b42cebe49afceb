// SPDX-License-Identifier: Apache-2.0

package process

import "syscall"

// attributes gives the child a process group of its own, so that a Ctrl-C in
// the terminal reaches only the parent, and ends it with the parent.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
