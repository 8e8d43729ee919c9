# shellcheck shell=bash
# Sourced after common.sh. The token with which a newcomer's browser may use the admin listener of the Herdgate that sidecar/run.sh starts.

: "${root:?source common.sh first}"

# state_folder: where this user's Herdgate keeps what outlives it. Without HOME it is that of the user's entry in the password file.
state_folder() {
  local home=${HOME:-}
  [ -n "$home" ] || home=$(getent passwd "$(id -u)" | cut -d: -f6)
  case "${XDG_STATE_HOME:-}" in
    /*) echo "$XDG_STATE_HOME/herdgate" ;;
    *) echo "${home:-$root/build}/.local/state/herdgate" ;;
  esac
}

# keep_token PROGRAM FOLDER: sees to it that FOLDER/token holds a token and FOLDER/tokens lets it in. One that is there and fits stays, whatever its
# scopes; else `PROGRAM token` makes one that may do everything. Only their owner reads them. Lines of others in FOLDER/tokens stay. 1: there is none; what
# was there is as it was, or fits no longer and is made anew the next time.
keep_token() (
  umask 077
  program=$1 folder=$2
  mkdir -p "$folder" || exit 1
  chmod 700 "$folder" || exit 1
  exec 9<"$folder"
  flock 9 || exit 1
  if [ -s "$folder/token" ] && [ -s "$folder/tokens" ]; then
    digest=$(tr -d '\n' <"$folder/token" | sha256sum)
    if grep -q " ${digest%% *}\$" "$folder/tokens"; then
      chmod 600 "$folder/token" "$folder/tokens"
      exit
    fi
  fi
  name=$(id -un 2>/dev/null | tr -cd 'A-Za-z0-9._-' | cut -c 1-64) || true
  name=${name:-owner}
  made=$("$program" token "$name" read,inspect,invalidate,purge_all,operate) || exit 1
  # Two lines of one name would be refused. Names are text: 7 is not 07.
  { [ ! -e "$folder/tokens" ] || awk -v "name=$name" '$1 "" != name' <"$folder/tokens"; } >"$folder/tokens.new" || exit 1
  printf '%s\n' "${made#*$'\n'}" >>"$folder/tokens.new" || exit 1
  printf '%s\n' "${made%%$'\n'*}" >"$folder/token.new" || exit 1
  mv -T "$folder/tokens.new" "$folder/tokens" || exit 1
  mv -T "$folder/token.new" "$folder/token"
)

# is_loopback HOST:PORT: whether only this machine can ask there, as `herdgate serve` sees it.
is_loopback() {
  case "${1%:*}" in
    localhost | 127.* | "[::1]") return 0 ;;
    *) return 1 ;;
  esac
}

# answers HOST:PORT: whether somebody listens there.
answers() { (exec 3<>"/dev/tcp/${1%:*}/${1##*:}") 2>/dev/null; }
