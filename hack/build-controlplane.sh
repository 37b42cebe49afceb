#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# Builds etcd, kube-apiserver, kube-controller-manager and kubectl into bin/,
# each from its Go modules, so that a machine with Go needs no image registry.
# A program is built again only when its version in go.mod changes; the stamps are
# in bin/.controlplane. `envtest` finds the programs by KUBEBUILDER_ASSETS=bin.
#
# usage: build-controlplane.sh [PROGRAM…]    builds the named ones, else all
set -eu

cd "$(dirname "$0")/.."
root=$PWD

required() { # module, its folder: the version that its go.mod asks for
	sed -n "s|^require $1 \(v[^ ]*\).*|\1|p" "$root/hack/$2/go.mod"
}
KUBERNETES=$(required k8s.io/kubernetes controlplane)
ETCD=$(required go.etcd.io/etcd/server/v3 etcd)

bin=${BIN:-$root/bin}
export CGO_ENABLED=0 GOFLAGS="-buildvcs=false -trimpath"

minor=${KUBERNETES#v1.}
minor=${minor%%.*}
version="gitVersion=$KUBERNETES gitMajor=1 gitMinor=$minor gitTreeState=archive"
ldflags="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
	for setting in $version; do
		ldflags="$ldflags -X $package.$setting"
	done
done

# name, version, module folder, package, and how many CPU seconds a cold build
# took; builds share packages, so the figures depend on this order.
programs="
etcd                    $ETCD       hack/etcd         .                                         90
kube-apiserver          $KUBERNETES hack/controlplane k8s.io/kubernetes/cmd/kube-apiserver          540
kube-controller-manager $KUBERNETES hack/controlplane k8s.io/kubernetes/cmd/kube-controller-manager 120
kubectl                 $KUBERNETES hack/controlplane k8s.io/kubernetes/cmd/kubectl                 60
"

stamp() { echo "$1 $(go env GOOS)/$(go env GOARCH)"; }

is_built() { # name, version
	[ -x "$bin/$1" ] && [ "$(cat "$bin/.controlplane/$1" 2>/dev/null)" = "$(stamp "$2")" ]
}

is_wanted() { # name, wanted names; none wants all
	name=$1
	shift
	[ $# -eq 0 ] && return 0
	case " $* " in *" $name "*) return 0 ;; esac
	return 1
}

left() { # CPU seconds still to build, by the table
	sum=0
	while read -r name ver _ _ seconds; do
		[ -n "$name" ] && is_wanted "$name" "$@" || continue
		is_built "$name" "$ver" || sum=$((sum + seconds))
	done <<-END
	$programs
	END
	echo $sum
}

mkdir -p "$bin/.controlplane"
cores=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
started=$(date +%s)
echo "$programs" | while read -r name ver folder package seconds; do
	[ -n "$name" ] && is_wanted "$name" "$@" || continue
	is_built "$name" "$ver" && continue
	minutes=$(( ($(left "$@") / cores + 59) / 60 ))
	echo "  building $name $ver (about $minutes min left for the control plane)"
	flags=$ldflags
	[ "$name" = etcd ] && flags="-s -w"
	(cd "$folder" && go build -ldflags "$flags" -o "$bin/$name" "$package") || {
		echo "building $name failed; 'make controlplane' tries again and keeps what is built" >&2
		exit 1
	}
	stamp "$ver" >"$bin/.controlplane/$name"
	echo "  built $name, $(( $(date +%s) - started )) s since the first step"
done
