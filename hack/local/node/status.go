// SPDX-License-Identifier: Apache-2.0

package node

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// observed is what the node knows of a container.
type observed struct {
	// waiting, running and terminated: exactly one is set.
	waiting    *corev1.ContainerStateWaiting
	running    *corev1.ContainerStateRunning
	terminated *corev1.ContainerStateTerminated
	// last is how the run before this one ended.
	last *corev1.ContainerStateTerminated
	// final tells that the container will not be started again.
	final    bool
	started  bool
	ready    bool
	restarts int32
	id       string
	imageID  string
}

// observation is what the node knows of a pod.
type observation struct {
	address    string
	init       []observed
	containers []observed
	// initialised tells that all init containers have done their work.
	initialised bool
	now         metav1.Time
}

// podStatus is the status that follows from what was observed. Conditions that
// the node does not own stay, and a condition that did not change keeps its time.
func podStatus(pod *corev1.Pod, o observation) corev1.PodStatus {
	status := *pod.Status.DeepCopy()
	status.ObservedGeneration = pod.Generation
	status.HostIP, status.HostIPs = "127.0.0.1", []corev1.HostIP{{IP: "127.0.0.1"}}
	status.PodIP, status.PodIPs = "", nil
	if o.address != "" {
		status.PodIP, status.PodIPs = o.address, []corev1.PodIP{{IP: o.address}}
	}
	if status.StartTime == nil {
		status.StartTime = &o.now
	}
	status.QOSClass = pod.Status.QOSClass
	status.InitContainerStatuses = containerStatuses(pod.Spec.InitContainers, o.init)
	status.ContainerStatuses = containerStatuses(pod.Spec.Containers, o.containers)
	status.Phase = phase(o)
	setConditions(&status, pod.Generation, o)
	return status
}

func containerStatuses(containers []corev1.Container, states []observed) []corev1.ContainerStatus {
	var list []corev1.ContainerStatus
	for i, state := range states {
		started := state.started
		list = append(list, corev1.ContainerStatus{
			Name: containers[i].Name, Image: containers[i].Image, ImageID: state.imageID, ContainerID: state.id,
			State:                corev1.ContainerState{Waiting: state.waiting, Running: state.running, Terminated: state.terminated},
			LastTerminationState: corev1.ContainerState{Terminated: state.last},
			Ready:                state.ready, Started: &started, RestartCount: state.restarts,
		})
	}
	return list
}

// phase is Pending until every container has run, and final only when no
// container will run again.
func phase(o observation) corev1.PodPhase {
	failed, final, begun := false, len(o.containers) > 0, o.initialised
	for _, state := range o.init {
		if state.final && (state.terminated == nil || state.terminated.ExitCode != 0) {
			return corev1.PodFailed
		}
	}
	for _, state := range o.containers {
		final = final && state.final
		failed = failed || state.terminated != nil && state.terminated.ExitCode != 0
		begun = begun && (state.running != nil || state.terminated != nil || state.last != nil)
	}
	switch {
	case final && failed:
		return corev1.PodFailed
	case final:
		return corev1.PodSucceeded
	case begun:
		return corev1.PodRunning
	}
	return corev1.PodPending
}

func setConditions(status *corev1.PodStatus, generation int64, o observation) {
	ready, reason := corev1.ConditionTrue, ""
	for _, state := range o.containers {
		if !state.ready {
			ready, reason = corev1.ConditionFalse, "ContainersNotReady"
		}
	}
	if status.Phase == corev1.PodSucceeded {
		ready, reason = corev1.ConditionFalse, "PodCompleted"
	}
	initialised, initReason := corev1.ConditionTrue, ""
	if !o.initialised {
		initialised, initReason = corev1.ConditionFalse, "ContainersNotInitialized"
	}
	for _, condition := range []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionTrue},
		{Type: corev1.PodInitialized, Status: initialised, Reason: initReason},
		{Type: corev1.ContainersReady, Status: ready, Reason: reason},
		{Type: corev1.PodReady, Status: ready, Reason: reason},
	} {
		condition.ObservedGeneration = generation
		condition.LastTransitionTime = o.now
		setCondition(status, condition)
	}
}

func setCondition(status *corev1.PodStatus, condition corev1.PodCondition) {
	for i, old := range status.Conditions {
		if old.Type != condition.Type {
			continue
		}
		if old.Status == condition.Status {
			condition.LastTransitionTime = old.LastTransitionTime
		}
		status.Conditions[i] = condition
		return
	}
	status.Conditions = append(status.Conditions, condition)
}

// restored is what a container's last status tells a node that starts again:
// the process is gone, its count of restarts stays.
func restored(statuses []corev1.ContainerStatus, name string, now metav1.Time) observed {
	o := observed{waiting: &corev1.ContainerStateWaiting{Reason: "ContainerCreating"}}
	for _, status := range statuses {
		if status.Name != name {
			continue
		}
		o.restarts, o.last = status.RestartCount, status.LastTerminationState.Terminated
		if status.State.Running != nil {
			o.restarts++
			o.last = &corev1.ContainerStateTerminated{
				Reason: "NodeStopped", ExitCode: 137, StartedAt: status.State.Running.StartedAt, FinishedAt: now, ContainerID: status.ContainerID,
			}
		}
		if status.State.Terminated != nil {
			o.restarts++
			o.last = status.State.Terminated
		}
	}
	return o
}

func sameStatus(a, b corev1.PodStatus) bool { return equality.Semantic.DeepEqual(a, b) }
