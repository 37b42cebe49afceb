// SPDX-License-Identifier: Apache-2.0

// Package process runs the programs of the local cluster as child processes
// that write to a log file, end with their parent, and can be stopped kindly.
package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// Spec says what to run.
type Spec struct {
	// Path is the program's file; Args are its arguments without the name.
	Path string
	Args []string
	// Env is the whole environment; nil means an empty one.
	Env []string
	// Dir is the working directory; empty means the caller's.
	Dir string
	// Log is the file that receives standard output and error, appended.
	Log string
}

// Process is a started program.
type Process struct {
	cmd    *exec.Cmd
	done   chan struct{}
	status Exit
}

// Exit tells how a process ended.
type Exit struct {
	// Code is the exit code, or 128 plus the signal's number.
	Code int
	// Signal is the signal that ended the process, or 0.
	Signal int
	At     time.Time
}

// Start runs the program of spec and returns once it is started.
func Start(spec Spec) (*Process, error) {
	if err := os.MkdirAll(filepath.Dir(spec.Log), 0o755); err != nil {
		return nil, fmt.Errorf("create log folder: %w", err)
	}
	log, err := os.OpenFile(spec.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	cmd := exec.Command(spec.Path, spec.Args...)
	cmd.Env = append([]string{}, spec.Env...)
	cmd.Dir = spec.Dir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = attributes()
	p := &Process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go func() {
		// The kernel ends a child when the thread that started it ends, so this
		// thread must live as long as the child does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		_ = log.Close()
		started <- err
		if err != nil {
			return
		}
		p.wait()
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %q: %w", spec.Path, err)
	}
	return p, nil
}

// wait records how the process ended. A child that left descendants holding
// its log does not delay it: the log is a file, not a pipe.
func (p *Process) wait() {
	err := p.cmd.Wait()
	p.status = Exit{At: time.Now()}
	var exited *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exited):
		p.status.Code = exited.ExitCode()
		if ws, ok := exited.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			p.status.Signal = int(ws.Signal())
			p.status.Code = 128 + p.status.Signal
		}
	default:
		p.status.Code = -1
	}
	close(p.done)
}

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Exit tells how the process ended; it blocks until then.
func (p *Process) Exit() Exit {
	<-p.done
	return p.status
}

// Stop asks the process to end, kills it and its process group after grace,
// and returns when it has ended.
func (p *Process) Stop(grace time.Duration) Exit {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
	}
	p.killGroup()
	<-p.done
	return p.status
}

// Kill ends the process at once, as `kill -9` does.
func (p *Process) Kill() Exit {
	p.killGroup()
	<-p.done
	return p.status
}

// killGroup ends the process with all that it started, so that a shell's
// children do not keep its address and volumes.
func (p *Process) killGroup() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
}

// Rotate puts the log of the last run aside, replacing the one before it, and
// is a no-op when there is none.
func Rotate(path string) error {
	err := os.Rename(path, Previous(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Previous is where Rotate puts a log.
func Previous(path string) string { return path + ".previous" }

// Tail returns at most the last n bytes of a log, starting at a line.
func Tail(path string, n int64) string {
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return ""
	}
	size := min(n, info.Size())
	text := make([]byte, size)
	read, _ := f.ReadAt(text, info.Size()-size)
	text = text[:read]
	if size < info.Size() {
		for i, b := range text {
			if b == '\n' {
				return string(text[i+1:])
			}
		}
	}
	return string(text)
}
