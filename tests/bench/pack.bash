# shellcheck shell=bash disable=SC2154 # run sets what this uses
# What opening the whole Kubernetes pack costs, beside reading its bytes.

pack=$build/share/headgate/schemas/kubernetes-1.37.pack
read -r open_ns open_faults pack_kinds pack_bytes < <("$build/tools/open_pack" "$pack" apps/v1/Deployment)
row "open a pack of $((pack_bytes / 1000)) kB, find 1 of $pack_kinds kinds" \
  "$((open_ns / 1000)).$(((open_ns / 100) % 10)) us, $open_faults page faults" 'below 1000 us, a few pages'
