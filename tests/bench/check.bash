# headgate check beside the peers and beside libyaml alone. Sourced by run.

peers=$root/suites/peers
manifests() {
  python3 "$root/tests/bench/manifests.py" "$@"
}

# versus WHAT ROUNDS TIMES PATH CHECK...: `headgate check` of a path, and kubeconform's where it was built, told side by side. The aim: so
# many times faster, with a fifth of the memory.
versus() {
  local what=$1 rounds=$2 aim=$3 path=$4
  shift 4
  local peer=()
  [[ -z ${kubeconform[*]-} ]] || peer=("${kubeconform[@]}" "$path" --)
  "$build/tools/interleave" "$rounds" "${peer[@]}" "$@" "$path" >"$work/versus"
  row "$what" "" ""
  awk -v aim="$aim" '
    { m[NR] = $1 / 1000; mb[NR] = $4 / 1024 }
    END {
      if (NR == 2)
        printf "%-44s %-34s\n", "  kubeconform", sprintf("%.1f ms, %.1f MB", m[1], mb[1])
      printf "%-44s %-34s", "  Headgate", sprintf("%.1f ms, %.1f MB", m[NR], mb[NR])
      if (NR == 2)
        printf " %.1f times faster (>= %d), 1/%.1f the memory (<= 1/5)", m[1] / m[2], aim, mb[1] / mb[2]
      printf "\n"
    }' "$work/versus"
}

# beside_libyaml WHAT PATH: how fast, and how near to libyaml with nothing around it, both on one core.
beside_libyaml() {
  local bytes one
  one=(taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[,-].*//')")
  bytes=$(find "$2" -type f -printf '%s\n' | awk '{ n += $1 } END { print n }')
  "$build/tools/interleave" 15 "${one[@]}" "$build/tools/yaml_events" "$2" -- "${one[@]}" headgate check "$2" >"$work/libyaml"
  awk -v what="$1" -v mb="$((bytes / 1000))e-3" '
    { s[NR] = $1 / 1e6 }
    END {
      printf "%-44s %-34s\n", what, sprintf("%.0f MB/s by libyaml alone", mb / s[1])
      printf "%-44s %-34s %s\n", "  Headgate", sprintf("%.0f MB/s, %.2f times its time", mb / s[2], s[2] / s[1]), "<= 2 times"
    }' "$work/libyaml"
}

kubeconform=()
if "$root/contrib/peers.sh" >"$work/peers.log" 2>&1; then
  kubeconform=("$peers/kubeconform" -strict -kubernetes-version 1.37.2 -schema-location "$peers/schemas"
    -schema-location "$peers/schemas/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json")
else
  echo "left out: what is measured beside kubeconform ($(tail -n 1 "$work/peers.log"))"
fi

echo "left out: flux-schema, whose Go module is not to be had (contrib/peers.sh)"

manifests one "$work/one.yaml"
manifests mixed 3000 "$work/mixed"
manifests custom 2000 "$work/custom"
manifests stream 9000000 "$work/stream.yaml"
versus "one Deployment, cold" "$((rounds > 25 ? 25 : rounds))" 5 "$work/one.yaml" headgate check
if [[ -n ${kubeconform[*]-} ]]; then
  headgate schema import --quiet --name workload -o "$work/workload.pack" "$peers/schemas/workload.yaml"
  versus "2,000 manifests of one CRD, 370 KB of schema" 11 10 "$work/custom" headgate check --strict --schemas "$work/workload.pack"
fi
versus "3,000 manifests over 16 native kinds" 11 10 "$work/mixed" headgate check --strict
beside_libyaml "a stream of 9 MB, on one core" "$work/stream.yaml"
beside_libyaml "3,000 files, on one core" "$work/mixed"

"$build/tools/interleave" "$((rounds > 50 ? rounds : 50))" "$build/tools/empty" -- headgate check "$work/one.yaml" >"$work/check"
awk '
  { m[NR] = $1 / 1000 }
  END {
    printf "%-44s %-34s\n", "an empty C program, from spawn to exit", sprintf("%.2f ms", m[1])
    printf "%-44s %-34s %s\n", "headgate check of one manifest, cold", sprintf("%.2f ms, %.1f times empty", m[2], m[2] / m[1]), "<= 3 ms"
  }' "$work/check"

"$build/tools/pack_open" kubernetes-1.37 apps/v1 Deployment >"$work/pack"
awk -v bytes="$(stat -c %s "$build/share/headgate/schemas/kubernetes-1.37.pack")" '{
  printf "%-44s %-34s %s\n", sprintf("open a pack of %.1f MB, find a kind", bytes / 1e6), sprintf("%.3f ms, %.0f page faults", $1 / 1000, $2),
    "< 1 ms, a few pages"
}' "$work/pack"
