// SPDX-License-Identifier: Apache-2.0

package resources

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/okno-dev/okno/api/v1alpha1"
)

// What an intake may use when its provider says nothing.
const (
	defaultCPU    = "250m"
	defaultMemory = "128Mi"
	defaultStore  = "10Gi"
)

// ContainerName is the name of the one container of an intake's pod.
const ContainerName = "intake"

// unprivileged is the user and group of the intake's process; any but 0 would do.
const unprivileged int64 = 65532

// MakeStatefulSet builds the agency's intake: one pod with its store on a volume of its own. There is never a second pod, since
// the store has one writer.
func MakeStatefulSet(p *v1alpha1.ServiceProvider, s Settings) *appsv1.StatefulSet {
	return &appsv1.StatefulSet{
		TypeMeta:   metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"},
		ObjectMeta: metav1.ObjectMeta{Name: IntakeName, Namespace: p.Spec.Namespace, Labels: labels()},
		Spec: appsv1.StatefulSetSpec{
			Replicas:    new(int32(1)),
			ServiceName: IntakeName,
			Selector:    &metav1.LabelSelector{MatchLabels: selector()},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels()},
				Spec:       makePod(p, s),
			},
			VolumeClaimTemplates: []corev1.PersistentVolumeClaim{makeClaim(p)},
			// The store outlives the StatefulSet: deleting applications is a decision of its own.
			PersistentVolumeClaimRetentionPolicy: &appsv1.StatefulSetPersistentVolumeClaimRetentionPolicy{
				WhenDeleted: appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
				WhenScaled:  appsv1.RetainPersistentVolumeClaimRetentionPolicyType,
			},
		},
	}
}

func makePod(p *v1alpha1.ServiceProvider, s Settings) corev1.PodSpec {
	return corev1.PodSpec{
		ServiceAccountName:            IntakeName,
		AutomountServiceAccountToken:  new(true),
		EnableServiceLinks:            new(false),
		TerminationGracePeriodSeconds: new(int64(30)),
		SecurityContext: &corev1.PodSecurityContext{
			RunAsNonRoot:   new(true),
			RunAsUser:      new(unprivileged),
			RunAsGroup:     new(unprivileged),
			FSGroup:        new(unprivileged),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
		},
		Containers: []corev1.Container{makeContainer(p, s)},
		Volumes:    []corev1.Volume{{Name: "tmp", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}}},
	}
}

func makeContainer(p *v1alpha1.ServiceProvider, s Settings) corev1.Container {
	use := capacity(p)
	return corev1.Container{
		Name:  ContainerName,
		Image: s.IntakeImage,
		Args:  makeArgs(p, s),
		Env: []corev1.EnvVar{
			{Name: "POD_IP", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "status.podIP"}}},
			{Name: "GOMEMLIMIT", Value: strconv.FormatInt(heapLimit(use.Memory().Value()), 10)},
		},
		Ports: []corev1.ContainerPort{
			{Name: "http", ContainerPort: PublicPort, Protocol: corev1.ProtocolTCP},
			{Name: "inner", ContainerPort: InnerPort, Protocol: corev1.ProtocolTCP},
		},
		Resources:      corev1.ResourceRequirements{Requests: use, Limits: use},
		StartupProbe:   makeProbe(readyPath, 1, 120),
		ReadinessProbe: makeProbe(readyPath, 5, 3),
		LivenessProbe:  makeProbe(healthPath, 10, 6),
		SecurityContext: &corev1.SecurityContext{
			AllowPrivilegeEscalation: new(false),
			ReadOnlyRootFilesystem:   new(true),
			Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		},
		VolumeMounts: []corev1.VolumeMount{{Name: "data", MountPath: "/data"}, {Name: "tmp", MountPath: "/tmp"}},
	}
}

// heapLimit is how much of a pod's memory the Go runtime may use. A tenth is left for what it does not count, so that the pod is not
// killed at a peak, and in a small pod what the store's caches take outside of it. Half is the runtime's in any case: with less it
// would do nothing but collect.
func heapLimit(memory int64) int64 {
	const caches = 24 << 20
	return max(min(memory/10*9, memory-caches), memory/2)
}

func makeArgs(p *v1alpha1.ServiceProvider, s Settings) []string {
	args := []string{
		"--namespace=" + p.Spec.Namespace,
		"--provider=" + p.Name,
		"--base-url=" + s.BaseURL(p.Name),
		"--time-zone=" + TimeZone(p),
		"--audience=" + audience(p.Spec.Namespace),
		"--data-dir=/data",
		"--public-bind=$(POD_IP):" + strconv.Itoa(PublicPort),
		"--inner-bind=$(POD_IP):" + strconv.Itoa(InnerPort),
	}
	for _, key := range s.TrustedKeys {
		args = append(args, "--trusted-key="+key)
	}
	return args
}

func makeProbe(path string, period, failures int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{
			Path: path, Port: intstr.FromString("inner"), Scheme: corev1.URISchemeHTTP,
		}},
		PeriodSeconds: period, FailureThreshold: failures, TimeoutSeconds: 5,
	}
}

func makeClaim(p *v1alpha1.ServiceProvider) corev1.PersistentVolumeClaim {
	size, class := resource.MustParse(defaultStore), (*string)(nil)
	if store := p.Spec.Store; store != nil {
		if store.Size != nil {
			size = *store.Size
		}
		if store.StorageClassName != "" {
			class = &store.StorageClassName
		}
	}
	return corev1.PersistentVolumeClaim{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "PersistentVolumeClaim"},
		ObjectMeta: metav1.ObjectMeta{Name: "data", Labels: selector()},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes:      []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOncePod},
			StorageClassName: class,
			Resources:        corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: size}},
		},
	}
}

// capacity is both request and limit: an intake is neither starved nor starves others.
func capacity(p *v1alpha1.ServiceProvider) corev1.ResourceList {
	list := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse(defaultCPU),
		corev1.ResourceMemory: resource.MustParse(defaultMemory),
	}
	if c := p.Spec.Intake; c != nil {
		if c.CPU != nil {
			list[corev1.ResourceCPU] = *c.CPU
		}
		if c.Memory != nil {
			list[corev1.ResourceMemory] = *c.Memory
		}
	}
	return list
}
