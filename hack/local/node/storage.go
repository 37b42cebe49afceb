// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/cache"
)

// syncClaim makes a folder and a PersistentVolume for a claim of the local
// storage class; kube-controller-manager binds the two.
func (n *Node) syncClaim(ctx context.Context, key cache.ObjectName) error {
	claim, err := n.claims.PersistentVolumeClaims(key.Namespace).Get(key.Name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	class := claim.Spec.StorageClassName
	if class == nil || *class != storageClass || claim.Spec.VolumeName != "" || claim.DeletionTimestamp != nil {
		return nil
	}
	volume := n.volumeFor(claim)
	if err := os.MkdirAll(volume.Spec.HostPath.Path, 0o700); err != nil {
		return fmt.Errorf("create volume folder: %w", err)
	}
	_, err = n.client.CoreV1().PersistentVolumes().Create(ctx, volume, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// volumeFor is the volume that only claim may use. Its folder bears the
// claim's name, for people who look for their data, and its UID, so that a
// claim made anew does not find what another one left.
func (n *Node) volumeFor(claim *corev1.PersistentVolumeClaim) *corev1.PersistentVolume {
	folder := fmt.Sprintf("%s_%s_%s", claim.Namespace, claim.Name, claim.UID)
	directory := corev1.HostPathDirectoryOrCreate
	return &corev1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{
			Name:        "pvc-" + string(claim.UID),
			Annotations: map[string]string{"pv.kubernetes.io/provisioned-by": provisioner},
		},
		Spec: corev1.PersistentVolumeSpec{
			Capacity:                      claim.Spec.Resources.Requests,
			AccessModes:                   claim.Spec.AccessModes,
			StorageClassName:              storageClass,
			PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
			PersistentVolumeSource: corev1.PersistentVolumeSource{HostPath: &corev1.HostPathVolumeSource{
				Path: filepath.Join(n.options.Dir, "volumes", folder), Type: &directory,
			}},
			ClaimRef: &corev1.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
		},
	}
}

// claimFolder is the folder behind a bound claim.
func (n *Node) claimFolder(namespace, name string) (string, error) {
	claim, err := n.claims.PersistentVolumeClaims(namespace).Get(name)
	if err != nil {
		return "", err
	}
	if claim.Status.Phase != corev1.ClaimBound {
		return "", fmt.Errorf("claim %q is not bound yet", name)
	}
	volume, err := n.volumes.Get(claim.Spec.VolumeName)
	if err != nil {
		return "", err
	}
	if volume.Spec.HostPath == nil {
		return "", fmt.Errorf("volume %q of claim %q is not a local folder", volume.Name, name)
	}
	return volume.Spec.HostPath.Path, nil
}
