#!/bin/sh
# Runs a command as one of the local cluster's persons. Written by `make run`.
data=@DATA@
bin=@BIN@

usage() {
	cat >&2 <<'END'
usage: bin/as PERSON COMMAND…

  bin/as moderator kubectl okno why pension-delivery -n sfr
  bin/as platform kubectl get pods -A

Persons:
@PERSONS@
END
	exit 2
}

[ $# -ge 2 ] || usage
kubeconfig=$data/persons/$1.kubeconfig
if [ ! -f "$kubeconfig" ]; then
	[ -d "$data/persons" ] || { echo "there is no local cluster: 'make run' makes one" >&2; exit 1; }
	echo "there is no person $1" >&2
	usage
fi
shift
KUBECONFIG=$kubeconfig KUBECACHEDIR=$data/kubectl-cache PATH=$bin:$PATH exec "$@"
