// SPDX-License-Identifier: Apache-2.0

// Package node is a small local node: it registers a Node, binds pods to it
// and runs their containers as local processes, so that a machine without a
// container runtime can run what kube-controller-manager makes of Deployments
// and StatefulSets. Of those objects it writes Pod status only.
//
// What a pod can rely on, and what differs from a kubelet:
//
//   - An image is looked up in a table of programs (Options.Images). Its digest
//     is that of the program's file. A command whose first word has the
//     program's base name means that program; any other is run as it stands.
//   - Each pod has a loopback address of its own, status.podIP. Containers must
//     listen on it, $(POD_IP):port: all pods share the machine's loopback.
//   - There is no mount namespace. Where command, args and env values name a
//     path under a volume's mountPath, it is replaced by the real folder; so a
//     program must be told its paths and must not have them built in.
//   - A container with a service account token finds a kubeconfig by KUBECONFIG,
//     and token, ca.crt and namespace in the folder OKNO_SERVICEACCOUNT_DIR.
//     Where a volume is mounted at /tmp, TMPDIR names it.
//   - Names of Services, also of pods behind a headless one, are resolved by
//     the proxy in HTTP_PROXY and HTTPS_PROXY, which Go's default transport uses.
//   - PersistentVolumeClaims of the default StorageClass get a folder each, which
//     is kept when the claim goes.
//   - Limits, security contexts and network policies are not enforced.
//
// A pod that needs more (a volume type, probe or hook that is not carried out
// here) is not started, and says so in its containers' state.
package node
