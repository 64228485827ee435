#!/usr/bin/env bash
# Runs the hooks as users have them: the real pre-commit, from an empty cache, in a repository made here, on commits
# that must pass and on commits that must not. Needs cargo and python3; uses the release build for the wheel.
set -euo pipefail
cd "$(dirname "$0")/.."

root=$PWD
tools=$(tests/python-tools.sh)
home=$root/target/ci/pre-commit
rm -rf "$home/cache" "$home/hooks" "$home/user" "$home/wheel"
mkdir -p "$home/wheel"
fail() { echo "pre-commit: $*"; exit 1; }

"$tools/maturin" build --quiet --release --locked --out "$home/wheel" >"$home/log" 2>&1 || { cat "$home/log"; fail "maturin"; }
wheel=$(echo "$home"/wheel/*.whl)

export PRE_COMMIT_HOME=$home/cache PATH=$tools:$PATH
# The environment of whoever commits is not that of this test.
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@example.com GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@example.com
unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE RUSTFLAGS SKIP
# What is tested is the hook, not the optimiser: this takes a third of the time of a release build.
export CARGO_TARGET_DIR=$home/target CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
export CARGO_PROFILE_RELEASE_OPT_LEVEL=1

# This repository as it stands, committed or not.
mkdir "$home/hooks"
git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do if [ -f "$file" ]; then printf '%s\0' "$file"; fi; done |
    tar --create --null --files-from=- | tar --extract --directory "$home/hooks"
git -C "$home/hooks" init --quiet
git -C "$home/hooks" add --all
git -C "$home/hooks" commit --quiet --message "The hooks"
revision=$(git -C "$home/hooks" rev-parse HEAD)

# A user's repository: the policy of one role, split into three files.
mkdir -p "$home/user/iam"
cd "$home/user"
git init --quiet
split() {
    python3 - "$root/fixtures/reference/instance-traditional-filled.json" "$@" <<'PYTHON'
import json, sys
source, dropped, kept_in = sys.argv[1], sys.argv[2], sys.argv[3]
policy = json.load(open(source))
parts = [policy["Statement"][n::3] for n in range(3)]
names = ["compute", "queue", "storage"]
moved = {"Effect": "Allow", "Action": dropped, "Resource": "arn:aws:sqs:us-east-1:123456789012:parallelcluster-*"}
for name, part in zip(names, parts):
    for statement in part:
        actions = statement["Action"]
        statement["Action"] = [a for a in ([actions] if isinstance(actions, str) else actions) if a != dropped]
    part = [s for s in part if s["Action"]]
    if name == kept_in:
        part.append(moved)
    with open(f"iam/{name}.json", "w") as file:
        json.dump({"Version": "2012-10-17", "Statement": part}, file, indent=2)
        file.write("\n")
PYTHON
    git add --all
}

# commit EXPECTED DESCRIPTION [TEXT…]: 0 where the commit must be made, 1 where the hook must stop it and say each text.
commit() {
    local expected=$1 what=$2 code=0 text
    shift 2
    git add --all
    git commit --quiet --message "$what" >"$home/log" 2>&1 || code=$?
    [ "$code" -eq "$expected" ] || { cat "$home/log"; fail "$what: exit code $code, not $expected"; }
    for text in "$@"; do
        grep -qF -- "$text" "$home/log" || { cat "$home/log"; fail "$what: it does not say: $text"; }
    done
}

# What every way to run the hook must do. The changed files are never the whole of the role.
role_is_judged_whole() {
    split none none
    commit 0 "the whole policy ($1)" Passed
    split sqs:SendMessage none
    commit 1 "one file drops a required action ($1)" missing-action sqs:SendMessage
    split sqs:SendMessage storage
    commit 0 "another file of the role grants it ($1)" Passed
    echo "$1" >notes.txt
    commit 0 "a file that is no policy ($1)" Passed
    git rm --quiet iam/storage.json
    if [ "$2" = patterns ]; then
        commit 1 "the file that grants it is gone ($1)" missing-action sqs:SendMessage
    else
        commit 1 "a file that is named is gone ($1)" "there is no such file"
    fi
    git reset --quiet --hard
}

files="iam/compute.json, iam/queue.json, iam/storage.json"
for language in rust python; do
    if [ "$language" = rust ]; then
        cat >.pre-commit-config.yaml <<YAML
repos:
  - repo: $home/hooks
    rev: $revision
    hooks:
      - id: pcluster-iam
        args: [$files, --scheduler=torque, --role=instance]
YAML
    else
        cat >.pre-commit-config.yaml <<YAML
repos:
  - repo: local
    hooks:
      - id: pcluster-iam
        name: pcluster-iam
        language: python
        entry: pcluster-iam lint
        additional_dependencies: ["$wheel"]
        args: ["iam/*.json", --scheduler=torque, --role=instance]
        pass_filenames: false
        always_run: true
YAML
    fi
    pre-commit validate-config >"$home/log" 2>&1 || { cat "$home/log"; fail "validate-config"; }
    pre-commit install --install-hooks >"$home/log" 2>&1 || { cat "$home/log"; fail "install ($language)"; }
    if [ "$language" = rust ]; then role_is_judged_whole rust names; else role_is_judged_whole python patterns; fi
done

# The hook as it comes: the configuration names the files.
cat >.pre-commit-config.yaml <<YAML
repos:
  - repo: $home/hooks
    rev: $revision
    hooks:
      - id: pcluster-iam
YAML
commit 1 "nothing says what is judged" "nothing to judge"
cat >pcluster-iam.toml <<'TOML'
[[target]]
name = "nodes"
role = "instance"
scheduler = "torque"
policies = ["iam/*.json"]
TOML
role_is_judged_whole configuration patterns
sed -i 's/torque/tork/' pcluster-iam.toml
commit 1 "a mistake in the configuration" pcluster-iam.toml:4 tork
git reset --quiet --hard

# Each file by itself: only what is committed is judged.
git rm --quiet pcluster-iam.toml
rm -rf iam
mkdir iam
cat >.pre-commit-config.yaml <<YAML
repos:
  - repo: $home/hooks
    rev: $revision
    hooks:
      - id: pcluster-iam-each
        files: ^iam/.*\.json$
        args: [--scheduler=torque, --role=instance]
YAML
cp "$root/fixtures/reference/instance-traditional-filled.json" iam/first.json
commit 0 "a policy that is whole" Passed
cp iam/first.json iam/second.json
sed '/sqs:SendMessage/d' iam/first.json >iam/third.json
commit 1 "one of two policies lacks an action" '--> iam/third.json' missing-action
grep -qF -- '--> iam/second.json' "$home/log" && fail "the good one was blamed"
rm iam/third.json
echo '{}' >package.json
commit 0 "only policies are looked at" Passed

# Templates and Terraform modules: the changed file is judged with the rest of its module.
rm -rf iam package.json
cat >.pre-commit-config.yaml <<YAML
repos:
  - repo: $home/hooks
    rev: $revision
    hooks:
      - id: pcluster-iam-templates
        args: [--scheduler=torque, --role=instance]
      - id: pcluster-iam-terraform
        args: [--scheduler=torque, --role=instance]
YAML
defined() {
    python3 - "$root/fixtures/reference/instance-traditional-filled.json" <<'PYTHON'
import json, os, sys
policy = json.load(open(sys.argv[1]))
trust = {"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}
role = {"Type": "AWS::IAM::Role", "Properties": {
    "AssumeRolePolicyDocument": trust, "Policies": [{"PolicyName": "nodes", "PolicyDocument": policy}]}}
os.makedirs("infra", exist_ok=True)
with open("nodes.template.yaml", "w") as file:
    json.dump({"Resources": {"Nodes": role}}, file, indent=2)
with open("infra/policy.tf", "w") as file:
    file.write('resource "aws_iam_role_policy" "nodes" {\n  role   = aws_iam_role.nodes.id\n  policy = <<JSON\n')
    file.write(json.dumps(policy, indent=2) + "\nJSON\n}\n")
with open("infra/role.tf", "w") as file:
    file.write('resource "aws_iam_role" "nodes" {\n  assume_role_policy = <<JSON\n')
    file.write(json.dumps(trust, indent=2) + "\nJSON\n}\n")
PYTHON
}
defined
commit 0 "a template and a module that are whole" Passed
sed -i '/sqs:SendMessage/d' nodes.template.yaml
commit 1 "a template loses an action" '--> nodes.template.yaml' missing-action sqs:SendMessage
defined
sed -i '/sqs:SendMessage/d' infra/policy.tf
commit 1 "a module loses an action" '--> infra/policy.tf' missing-action sqs:SendMessage
defined
mkdir -p storage
echo 'resource "aws_s3_bucket" "logs" {}' >storage/main.tf
commit 0 "a module without roles" Passed
echo "the hooks work with $(pre-commit --version)"
