# shellcheck shell=bash
# Sourced by run.sh after common.sh. The tools of these tests: Go programs of pinned versions, and schemas made of what Kubernetes and two operators publish
# as Go modules. All of it goes to build/helm, is had once, and is then used without a network. Go checks what it fetches against its database of checksums.

: "${root:?source common.sh first}"
here=$root/tests/helm
tools=$root/build/helm

# name, package, version
go_programs() {
  cat <<'TABLE'
helm         helm.sh/helm/v3/cmd/helm                     v3.21.4
kubeconform  github.com/yannh/kubeconform/cmd/kubeconform v0.7.0
kube-score   github.com/zegl/kube-score/cmd/kube-score    v1.20.0
kube-linter  golang.stackrox.io/kube-linter/cmd/kube-linter v0.8.3
TABLE
}

# The last patch of each minor version that the charts are for.
kubernetes_versions=(1.29.6 1.30.14 1.31.14 1.32.13 1.33.13 1.34.4)

# module, version, folder, files: the CustomResourceDefinitions that the chart makes objects of
crd_modules() {
  cat <<'TABLE'
github.com/prometheus-operator/prometheus-operator v0.85.0 example/prometheus-operator-crd monitoring.coreos.com_podmonitors.yaml monitoring.coreos.com_servicemonitors.yaml monitoring.coreos.com_prometheusrules.yaml
github.com/cert-manager/cert-manager v1.18.2 deploy/crds crd-certificates.yaml crd-issuers.yaml
TABLE
}

# in_go COMMAND...: with few processes, so that a developer's machine stays usable, and with this machine's Go, whatever a module asks for.
in_go() {
  [ -n "${GOPATH:-}" ] || [ -w "${HOME:-/nonexistent}" ] || export GOPATH=$tools/go GOCACHE=$tools/go-cache
  (cd "$tools" && GOFLAGS=-mod=mod GOTOOLCHAIN=local GOBIN=$tools/bin nice -n 10 "$@") </dev/null >>"$tools/go.log" 2>&1
}

# go_program NAME: builds it if this version is not there; fails where it can't be had.
go_program() {
  local name package version
  read -r name package version < <(go_programs | grep "^$1 ")
  [ ! -x "$tools/bin/$name" ] || [ "$(cat "$tools/bin/$name.version" 2>/dev/null)" != "$version" ] || return 0
  say "building $name $version"
  in_go timeout 1200 go install -p 2 "$package@$version" || return 1
  echo "$version" >"$tools/bin/$name.version"
}

# module_folder MODULE VERSION: where its sources are, fetched if need be.
module_folder() {
  in_go timeout 600 go mod download "$1@$2" || return 1
  (cd "$tools" && GOFLAGS=-mod=mod GOTOOLCHAIN=local go mod download -json "$1@$2") </dev/null | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'
}

# schemas: makes those that are missing, below build/helm/schemas.
schemas() {
  local version folder module path files file
  for version in "${kubernetes_versions[@]}"; do
    [ ! -e "$tools/schemas/v$version/pod-v1.json" ] || continue
    say "making schemas of Kubernetes $version"
    folder=$(module_folder k8s.io/kubernetes "v$version") || return 1
    python3 "$here/schemas.py" --out "$tools/schemas/v$version" --swagger "$folder/api/openapi-spec/swagger.json" || return 1
  done
  while read -r module version path files; do
    [ ! -e "$tools/schemas/${module##*/}-$version" ] || continue
    folder=$(module_folder "$module" "$version") || return 1
    for file in $files; do python3 "$here/schemas.py" --out "$tools/schemas/crd" --crd "$folder/$path/$file" || return 1; done
    touch "$tools/schemas/${module##*/}-$version"
  done < <(crd_modules)
}

# copy_charts FOLDER: because helm writes the dependencies into the charts' folders. Its own settings are kept out of the user's.
copy_charts() {
  local chart
  export HELM_CACHE_HOME=$tools/home/cache HELM_CONFIG_HOME=$tools/home/config HELM_DATA_HOME=$tools/home/data
  rm -rf "$1" && mkdir -p "$1"
  for chart in "$root"/helm/{herdgate-lib,herdgate,example} "$here/pod"; do cp -r "$chart" "$1/" && rm -rf "$1/${chart##*/}"/{charts,Chart.lock}; done
}

# crd_files: the CustomResourceDefinitions themselves, in build/helm/crds.
crd_files() {
  local version folder module path files file
  mkdir -p "$tools/crds"
  while read -r module version path files; do
    for file in $files; do
      [ ! -e "$tools/crds/$file" ] || continue
      folder=$(module_folder "$module" "$version") || return 1
      install -m 644 "$folder/$path/$file" "$tools/crds/$file"
    done
  done < <(crd_modules)
}

# api_server: kube-apiserver of the newest version above, and the etcd that goes with it, at build/helm/bin. Kubernetes' own module can't be installed as
# it is: it names its staging modules by folders that are not in it. A module of ours names them by their published versions.
api_server() {
  local version=${kubernetes_versions[-1]} folder etcd stamp=k8s.io/component-base/version
  [ "$(cat "$tools/bin/kube-apiserver.version" 2>/dev/null)" != "$version" ] || return 0
  say "building kube-apiserver $version and etcd; the first time this takes ten minutes and two gigabytes"
  folder=$(module_folder k8s.io/kubernetes "v$version") || return 1
  etcd=$(sed -n 's/^\tgo.etcd.io\/etcd\/server\/v3 \(v[0-9.]*\).*/\1/p' "$folder/go.mod")
  mkdir -p "$tools/apiserver"
  {
    printf 'module herdgate/apiserver\n\ngo 1.24.0\n\nrequire (\n\tk8s.io/kubernetes v%s\n\tgo.etcd.io/etcd/server/v3 %s\n)\n\n' "$version" "$etcd"
    sed -n "s/^\tk8s.io\/\([a-z-]*\) => .*/replace k8s.io\/\1 => k8s.io\/\1 v0.${version#1.}/p" "$folder/go.mod"
  } >"$tools/apiserver/go.mod"
  in_go timeout 2400 go build -C "$tools/apiserver" -p 2 -o "$tools/bin/etcd" go.etcd.io/etcd/server/v3 || return 1
  # A build that is not Kubernetes' own has to be told its version, which charts ask for.
  in_go timeout 2400 go build -C "$tools/apiserver" -p 2 -o "$tools/bin/kube-apiserver" \
    -ldflags "-s -w -X $stamp.gitVersion=v$version -X $stamp.gitMajor=1 -X $stamp.gitMinor=$(cut -d. -f2 <<<"$version")" k8s.io/kubernetes/cmd/kube-apiserver || return 1
  echo "$version" >"$tools/bin/kube-apiserver.version"
}
