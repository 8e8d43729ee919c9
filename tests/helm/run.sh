#!/usr/bin/env bash
# run.sh [--herdgate FILE] [--write]: checks the charts in helm/ with real tools, which it builds from Go modules of pinned versions (tools.sh).
#   made     what is made from elsewhere (dashboards, rules, tables in READMEs) is up to date
#   lint     helm lint --strict, and packages that can be unpacked and rendered
#   render   every scenario of ci/ against its golden file, mistakes that must be refused, `herdgate check` on each configuration (checks.py, parts.py)
#   schemas  kubeconform -strict against Kubernetes 1.29 to 1.34, and the objects of two operators
#   score    kube-score and, where it can be had, kube-linter, with what they are told to leave out and why
#   live     the real program with its rendered flags, folders that change as the kubelet changes them, the script of `helm test` (live.py)
#   --herdgate FILE   the herdgate to test; by default build/release/herdgate, built first if it is missing
#   --write           make the golden files anew
# A minute, and some more when the tools are built for the first time. Without Go all of it is skipped, in plain sight, and in CI a failure. Logs stay in build/helm.
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"
# shellcheck source=tests/lib/packages.sh
. "$root/tests/lib/packages.sh"
# shellcheck source=tests/lib/build.sh
. "$root/tests/lib/build.sh"
# shellcheck source=tests/lib/go.sh
. "$root/tests/lib/go.sh"

# shellcheck source=tests/helm/tools.sh
. "$root/tests/helm/tools.sh"

binary='' write=()
while [ "$#" -gt 0 ]; do
  case "$1" in
    --herdgate) binary=$(realpath "${2:?--herdgate needs a file}") && shift ;;
    --write) write=(--write) ;;
    -h | --help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
    *) die "unknown flag $1 (see --help)" ;;
  esac
  shift
done

passed=0 failed=0 skipped=0
mkdir -p "$tools/bin"
: >"$tools/go.log"
export PYTHONDONTWRITEBYTECODE=1

# check NAME COMMAND...: runs it and counts one test; its words are shown when it fails.
check() {
  local name=$1 log=$tools/check.log
  shift
  if "$@" >"$log" 2>&1 </dev/null; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    head -n 40 "$log" >&2
    say "failed: $name"
  fi
}

skip() {
  skipped=$((skipped + 1))
  say "skipped: $1"
}

# counted NAME COMMAND...: a script that ends with a tally.
counted() {
  local log=$tools/$1.log well badly left_out
  shift
  "$@" </dev/null 2>&1 | tee "$log" >&2 || true
  if ! read -r well badly left_out < <(read_tally "$log"); then well=0 badly=1 left_out=0; fi
  passed=$((passed + well)) failed=$((failed + badly)) skipped=$((skipped + left_out))
}

if ! need_go; then
  ! in_ci || die "there is no Go, from which the tools are built"
  skip "all of it; there is no Go"
  tally 0 0 1
  exit 0
fi
need_packages python3 python3-yaml redis-server redis-tools wget
go_program helm || die "helm can't be built here: $(tail -n 1 "$tools/go.log")"
helm=$tools/bin/helm

need_binary

charts=$tools/charts
copy_charts "$charts"

say "checking what is made from elsewhere"
check "what helm/generate.py makes" python3 "$root/helm/generate.py" --check
library_version() { [ "$(sed -n 's/.*define "herdgate.version" -}}\(.*\){{- end.*/\1/p' "$root/helm/herdgate-lib/templates/_values.tpl")" = "$1" ]; }
for chart in herdgate-lib herdgate example; do
  version=$(sed -n 's/^appVersion: "\(.*\)"$/\1/p' "$root/helm/$chart/Chart.yaml")
  check "version of $chart" test "$("$binary" version | awk '{print $NF}')" = "$version"
done
check "version of the image" library_version "$version"

say "linting"
for chart in herdgate example; do
  check "dependencies of $chart" "$helm" dependency build "$charts/$chart"
  check "lint of $chart" "$helm" lint --strict "$charts/$chart"
  for values in "$charts/$chart"/ci/*-values.yaml; do check "lint of $chart with $(basename "$values")" "$helm" lint --strict "$charts/$chart" --values "$values"; done
  check "package of $chart" "$helm" package "$charts/$chart" --destination "$tools/packages"
  check "what is in the package of $chart" "$helm" template herdgate --kube-version 1.33.0 \
    "$tools/packages/$chart-$(sed -n 's/^version: //p' "$charts/$chart/Chart.yaml").tgz"
done
check "dependencies of a pod" "$helm" dependency build "$charts/pod"
check "lint of herdgate-lib" "$helm" lint --strict "$charts/herdgate-lib"

say "rendering"
counted checks python3 "$here/checks.py" --helm "$helm" --herdgate "$binary" --charts "$charts" "${write[@]}"

# render_all VERSION: each scenario as a file, as that Kubernetes would get it. Tests are among them: they are pods too.
render_all() {
  local chart values
  mkdir -p "$tools/rendered/$1"
  for chart in herdgate example; do
    for values in "$charts/$chart"/ci/*-values.yaml; do
      "$helm" template herdgate "$charts/$chart" --namespace cache --kube-version "$1" --values "$values" \
        >"$tools/rendered/$1/$chart-$(basename "$values" -values.yaml).yaml" </dev/null || return 1
    done
  done
}
rm -rf "$tools/rendered"
for version in "${kubernetes_versions[@]}"; do check "rendering for Kubernetes $version" render_all "$version"; done
newest=$tools/rendered/${kubernetes_versions[-1]}

say "checking against schemas"
conform() {
  "$tools/bin/kubeconform" -strict -summary -kubernetes-version "$1" -schema-location "$tools/schemas/v$1/{{ .ResourceKind }}{{ .KindSuffix }}.json" \
    -schema-location "$tools/schemas/crd/{{ .ResourceKind }}{{ .KindSuffix }}.json" "${@:2}"
}
refuses() { ! conform "$@"; }
if ! go_program kubeconform; then
  skip "kubeconform can't be built here: $(tail -n 1 "$tools/go.log")"
elif ! schemas; then
  skip "the schemas can't be had here: $(tail -n 1 "$tools/go.log")"
else
  sed 's/^  replicas: 2$/  replicas: two/' "$newest/herdgate-monitoring.yaml" >"$tools/wrong-type.yaml"
  sed 's/runAsNonRoot/runAsNonroot/' "$newest/example-deployment.yaml" >"$tools/wrong-name.yaml"
  sed 's/^  podMetricsEndpoints:/  podMetricsEndpoint:/' "$newest/herdgate-monitoring.yaml" >"$tools/wrong-crd.yaml"
  for version in "${kubernetes_versions[@]}"; do
    for file in "$tools/rendered/$version"/*.yaml; do check "$(basename "$file") on Kubernetes $version" conform "$version" "$file"; done
    for file in "$tools"/wrong-*.yaml; do check "$(basename "$file") is refused on Kubernetes $version" refuses "$version" "$file"; done
  done
fi

say "scoring"
# Left out of kube-score, for all objects:
#   container-image-pull-policy                        versions are pinned, and a node without its registry must still start pods
#   container-ephemeral-storage-request-and-limit      the root is read-only; volumes have limits of their own
#   container-security-context-user-group-id           wants IDs above 10000; 65532 is, but a user may leave it to the cluster
#   pod-networkpolicy, networkpolicy-targets-pod       policies are off by default, and sidecars are pods of other charts
#   statefulset-has-poddisruptionbudget                the StatefulSet is an example's
#   --ignore-container-cpu-limit                       throttling is what makes a cache slow
score() {
  "$tools/bin/kube-score" score --kubernetes-version v1.33 --output-format ci --ignore-container-cpu-limit --ignore-test container-image-pull-policy \
    --ignore-test container-ephemeral-storage-request-and-limit --ignore-test container-security-context-user-group-id \
    --ignore-test pod-networkpolicy --ignore-test networkpolicy-targets-pod --ignore-test statefulset-has-poddisruptionbudget "$1" |
    sed -e '/^\[OK\]/d' -e '/^\[SKIPPED\]/d'
}
for tool in kube-score kube-linter; do
  if ! go_program "$tool"; then
    skip "$tool can't be built here: $(tail -n 1 "$tools/go.log")"
    continue
  fi
  for file in "$newest"/*.yaml; do
    case "$tool" in
      kube-score) check "kube-score on $(basename "$file")" score "$file" ;;
      kube-linter) check "kube-linter on $(basename "$file")" "$tools/bin/kube-linter" lint --config "$here/kube-linter.yaml" "$file" ;;
    esac
  done
done

say "running what is rendered"
counted live python3 "$here/live.py" --helm "$helm" --herdgate "$binary" --charts "$charts"

tally "$passed" "$failed" "$skipped"
[ "$failed" -eq 0 ]
