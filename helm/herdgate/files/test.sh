#!/bin/sh
# What `helm test` runs in a pod: PING, a SET and two GETs, the counter of hits, and the probes, by the way that an app takes.
#   REDIS_URL   the Herdgate to test: redis://HOST:PORT or unix:///PATH
#   TELEMETRY   http://HOST:PORT of its probes and metrics; empty: they are not looked at
#   KEY         a key that belongs to the policy herdgate-test; it lives for a minute
# Needs redis-cli, wget and a POSIX shell. Ends with 1 at the first thing that is not as it should be.
set -eu

fail() {
  echo "failed: $1" >&2
  exit 1
}

case $REDIS_URL in
  unix://*) set -- -s "${REDIS_URL#unix://}" ;;
  *) set -- -u "$REDIS_URL" ;;
esac

# expect WANTED COMMAND...: the reply to a command is this.
expect() {
  wanted=$1
  shift
  reply=$(redis-cli "$@" 2>&1) || fail "no answer: $reply"
  [ "$reply" = "$wanted" ] || fail "got '$reply' instead of '$wanted'"
}

# The hits that the policy herdgate-test has had.
hits() {
  wget -q -T 5 -O - "$TELEMETRY/metrics" | awk '/^herdgate_lookups_total[{].*outcome="(near_)?hit".*policy="herdgate-test"/ { sum += $NF } END { print sum + 0 }'
}

expect PONG "$@" PING
echo "ok: PING"
before=0
[ -z "$TELEMETRY" ] || before=$(hits)
expect OK "$@" SET "$KEY" value EX 60
expect value "$@" GET "$KEY"
expect value "$@" GET "$KEY"
expect 1 "$@" DEL "$KEY"
echo "ok: SET and GET"

if [ -n "$TELEMETRY" ]; then
  # One text of all metrics serves several scrapes, so that the counter may be a few seconds old.
  tries=0
  while after=$(hits) && [ $((after - before)) -lt 2 ]; do
    tries=$((tries + 1))
    [ "$tries" -lt 10 ] || fail "two hits were not counted: $before before, $after after"
    sleep 1
  done
  echo "ok: hits are counted"
  for probe in startupz livez readyz; do
    wget -q -T 5 -O /dev/null "$TELEMETRY/$probe" || fail "/$probe does not say yes"
  done
  echo "ok: probes"
fi
