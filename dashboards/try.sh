#!/usr/bin/env bash
# try.sh [--telemetry HOST:PORT]... [--port N] [--seconds N] [--draw DIR]: starts a Prometheus that scrapes a Herdgate which runs already, as
# `sidecar/run.sh --demo` does in another terminal, loads the rules and alerts, and prints where to look. Ends at Ctrl-C and leaves nothing behind.
#   --telemetry HOST:PORT   a Herdgate's telemetry port (127.0.0.1:9638); may be given several times
#   --port N                Prometheus' port (9090)
#   --seconds N             end after so long
#   --draw DIR              at the end, draw the dashboards there as SVG, for those who have no Grafana
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../tests/lib/common.sh"
# shellcheck source=tests/lib/packages.sh
. "$root/tests/lib/packages.sh"

targets=() port=9090 seconds=0 draw=''
while [ "$#" -gt 0 ]; do
  case "$1" in
    --telemetry) targets+=("${2:?--telemetry needs HOST:PORT}") ;;
    --port) port=${2:?--port needs a number} ;;
    --seconds) seconds=${2:?--seconds needs a number} ;;
    --draw) draw=${2:?--draw needs a folder} ;;
    -h | --help) sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 0 ;;
    *) die "unknown flag $1 (see --help)" ;;
  esac
  shift 2
done
[ "${#targets[@]}" -gt 0 ] || targets=(127.0.0.1:9638)
[[ $port =~ ^[0-9]+$ && $seconds =~ ^[0-9]+$ ]] || die "--port and --seconds take whole numbers"

need_packages prometheus python3 curl
url=http://127.0.0.1:$port
for target in "${targets[@]}"; do
  curl -fsS --max-time 5 -o /dev/null "http://$target/livez" || die "no Herdgate at $target; start one first: sidecar/run.sh --demo"
done
! curl -s --max-time 2 -o /dev/null "$url" || die "port $port is taken; choose another with --port"

work=$(mktemp -d)
stopped=false
cleanup() {
  [ -z "${prometheus:-}" ] || { kill "$prometheus" 2>/dev/null && wait "$prometheus"; } || true
  rm -rf "$work"
}
trap cleanup EXIT
trap 'stopped=true' INT TERM

{
  echo 'global: {scrape_interval: 5s, evaluation_interval: 5s}'
  echo "rule_files: ['$root/dashboards/rules/*.yaml']"
  echo 'scrape_configs:'
  echo '  - job_name: herdgate'
  echo '    static_configs:'
  for target in "${targets[@]}"; do echo "      - targets: ['$target']"; done
} >"$work/prometheus.yml"
# In a session of its own, because Ctrl-C is for this script: what was scraped may still be drawn.
setsid prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/data" --storage.tsdb.retention.time=1d \
  --web.listen-address="127.0.0.1:$port" --log.level=warn >"$work/log" 2>&1 &
prometheus=$!
for _ in $(seq 100); do
  ! curl -fs -o /dev/null "$url/-/ready" || break
  kill -0 "$prometheus" 2>/dev/null || { cat "$work/log" >&2 && die "prometheus ended"; }
  sleep 0.2
done
curl -fs -o /dev/null "$url/-/ready" || die "prometheus did not become ready"

# graph TEXT EXPRESSION: one line with a link that shows the expression.
graph() { printf '  %-28s %s/graph?g0.range_input=15m&g0.tab=0&g0.expr=%s\n' "$1" "$url" "$(python3 -c 'import sys, urllib.parse; print(urllib.parse.quote(sys.argv[1]))' "$2")"; }

cat <<TEXT
Prometheus scrapes ${targets[*]} every 5 seconds. Give it half a minute, then look:
  alerts                       $url/alerts
  rules                        $url/rules
TEXT
graph 'what lookups become' 'sum by (outcome) (rate(herdgate_lookups_total[1m]))'
graph 'hit ratio by policy' 'namespace_job_policy:herdgate_hits_per_lookups:ratio_rate5m'
graph 'recomputes done and avoided' 'label_replace(sum(rate(herdgate_recomputes_total[1m])), "recomputes", "done", "", "") or label_replace(sum(rate(herdgate_recomputes_avoided_total[1m])), "recomputes", "avoided", "", "")'
graph 'how long callers wait' 'histogram_quantile(0.95, sum by (le) (rate(herdgate_waiter_wait_seconds_bucket[1m])))'
cat <<TEXT
With a Grafana of your own, import dashboards/grafana/*.json, or have it read all by itself:
  HERDGATE_PROMETHEUS_URL=$url HERDGATE_DASHBOARDS=$root/dashboards/grafana \\
  GF_PATHS_PROVISIONING=$root/dashboards/grafana/provisioning grafana server --homepath /usr/share/grafana
Without one: dashboards/try.sh --seconds 120 --draw DIR draws them as SVG.
TEXT
[ "$seconds" -gt 0 ] || echo 'Stop with Ctrl-C.'

started=$SECONDS
while ! "$stopped" && kill -0 "$prometheus" 2>/dev/null && { [ "$seconds" -eq 0 ] || [ $((SECONDS - started)) -lt "$seconds" ]; }; do sleep 1 || true; done
if [ -n "$draw" ]; then
  PYTHONDONTWRITEBYTECODE=1 python3 "$root/tests/dashboards/draw.py" --prometheus "$url" --seconds $((SECONDS - started)) "$draw"
fi
