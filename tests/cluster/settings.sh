# shellcheck shell=bash disable=SC2034
# What the scripts of this folder agree on; sourced by each of them.

cache=${HOOKWRIGHT_CACHE:-$HOME/.cache/hookwright}
default_state=${HOOKWRIGHT_CLUSTER_STATE:-${TMPDIR:-/tmp}/hookwright-cluster}

host_ip=10.85.0.1     # this machine's end of the cable to the node
node_ip=10.85.0.2     # the node: API server on 6443, DNS on 53
pod_net=10.244.0.0/24
service_net=10.96.0.0/16
api_ip=10.96.0.1      # first address of service_net: the service "kubernetes"
dns_ip=10.96.0.10

node_name=hookwright
cgroup=hookwright     # one of this name below each controller
cable=hookwright0     # network device at this machine's end
pause_image=hookwright.local/pause:1

# state_argument "$@" reads the only flag that up, down and program share.
state_argument() {
    state=$default_state
    if [[ ${1:-} == --state ]]; then
        state=$2
    fi
    state=$(realpath -m "$state")
}

# image_archive REFERENCE prints where the image's archive is kept.
image_archive() {
    echo "$cache/images/${1//[\/:]/_}.tar"
}

# import_image ARCHIVE loads an image into the cluster, under its own name.
import_image() {
    in_node ctr --namespace k8s.io images import "$1" >/dev/null
}

# node_pid prints the process that is PID 1 inside the node, or fails. The start
# time is compared so that a number used again by another process is no match.
node_pid() {
    local pid started
    read -r pid started 2>/dev/null <"$state/node.pid" || return 1
    [[ $(start_time "$pid") == "$started" ]] || return 1
    echo "$pid"
}

# start_time prints when a process started, in clock ticks since boot.
start_time() {
    sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20
}

# in_node runs a command in the node's namespaces.
in_node() {
    nsenter --target "$(node_pid)" --mount --net --pid --uts --ipc -- "$@"
}
