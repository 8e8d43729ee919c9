#!/usr/bin/env bash
# run_side.sh SIDE SOURCE DIR PORT [FLAG...]: one run of the Redis test suite, with a fresh redis-server. SIDE is "direct", or "through" to put a
# proxy between. Uses the ports PORT (what the suite talks to), PORT+1 (redis-server of "through"), PORT+2 (telemetry) and 32 from PORT+4. FLAGs go to
# runtest. Writes DIR/suite.log, and DIR/metrics.txt if the proxy's command line has {telemetry}. Exits 0 when the suite came to its end, whatever the
# tests said.
#
# Environment: SUITE_PROXY is the proxy's command line, with {listen}, {upstream} and {telemetry} for its ports; SUITE_TIMEOUT bounds the run in seconds;
# SUITE_REDIS_TCL, if it is set, is put behind the suite's own client of "through".
set -euo pipefail
# shellcheck source=tests/lib/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/common.sh"

side=$1 source=$2 dir=$3 port=$4
shift 4
started=()

stop_all() {
  local pid
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  wait
}
trap stop_all EXIT
trap 'exit 1' INT TERM

# wait_for PORT PID WHO LOG: until a PING is answered; fails when the process ends first.
wait_for() {
  local tries=0
  until [ "$(redis-cli -h 127.0.0.1 -p "$1" ping 2>/dev/null)" = PONG ]; do
    tries=$((tries + 1))
    if ! kill -0 "$2" 2>/dev/null || [ "$tries" -gt 100 ]; then
      tail -n 20 "$4" >&2
      die "$3 does not answer on port $1"
    fi
    sleep 0.1
  done
}

mkdir -p "$dir/tree/src" "$dir/data"
cp -r "$source/tests" "$source/utils" "$source/runtest" "$dir/tree"
[ "$side" = direct ] || [ -z "${SUITE_REDIS_TCL:-}" ] || cat "$SUITE_REDIS_TCL" >>"$dir/tree/tests/support/redis.tcl"
for tool in redis-server redis-cli redis-benchmark redis-check-aof redis-check-rdb; do
  ln -s "$(command -v "$tool")" "$dir/tree/src/$tool"
done

redis_port=$port
[ "$side" = direct ] || redis_port=$((port + 1))
redis-server --bind 127.0.0.1 --port "$redis_port" --save "" --dir "$dir/data" >"$dir/redis.log" 2>&1 </dev/null &
started+=("$!")
wait_for "$redis_port" "$!" redis-server "$dir/redis.log"

if [ "$side" = through ]; then
  proxy=${SUITE_PROXY//\{listen\}/$port}
  proxy=${proxy//\{telemetry\}/$((port + 2))}
  read -ra proxy <<<"${proxy//\{upstream\}/$redis_port}"
  "${proxy[@]}" >"$dir/proxy.log" 2>&1 </dev/null &
  proxy_pid=$!
  started+=("$proxy_pid")
  wait_for "$port" "$proxy_pid" "${proxy[0]##*/}" "$dir/proxy.log"
fi

# runtest exits 1 when a test failed, which is for the comparison to judge, and 124 comes from timeout.
cd "$dir/tree"
status=0 stall=150
timeout -k 10 "${SUITE_TIMEOUT:-900}" ./runtest --host 127.0.0.1 --port "$port" --baseport $((port + 36)) --timeout "$stall" --durable \
  --tags "-slow -needs:debug" "$@" >"$dir/suite.log" 2>&1 </dev/null || status=$?

if [ "$side" = through ] && ! kill -0 "$proxy_pid" 2>/dev/null; then
  tail -n 40 "$dir/proxy.log" >&2
  die "the proxy ended during the suite"
fi
if [ "$side" = through ] && [ -z "${SUITE_PROXY##*\{telemetry\}*}" ]; then
  python3 -c 'import sys, urllib.request; sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())' \
    "http://127.0.0.1:$((port + 2))/metrics" >"$dir/metrics.txt" || die "no metrics of the proxy"
fi
broke_off=''
if [ "$status" -eq 124 ]; then
  broke_off="did not end in ${SUITE_TIMEOUT:-900} s"
elif grep -q 'clients state report follows' "$dir/suite.log"; then
  broke_off="stood still for $stall s in one test"
elif ! grep -q 'The End' "$dir/suite.log"; then
  broke_off="broke off (exit $status)"
fi
if [ -n "$broke_off" ]; then
  tail -n 30 "$dir/suite.log" >&2
  die "$side: the suite $broke_off; above is the end of its log"
fi
