#!/usr/bin/env python3
"""Compares how pcluster-iam reads the templates in fixtures/ with two independent readers, cfn-lint and samtranslator.

    pip install cfn-lint aws-sam-translator
    tests/cfn-lint.py target/debug/pcluster-iam [TEMPLATE…]

Places: each finding starts at a key or value that cfn-lint's loader found there. Values: policies whose functions cfn-lint
resolved, SAM templates first made into CloudFormation by samtranslator, are judged row by row like the template.
Prints one line for each template, and exits with 1 if anything differs."""
import json, pathlib, subprocess, sys, tempfile

from cfnlint.context import create_context_for_template
from cfnlint.decode.cfn_yaml import load as load_yaml
from cfnlint.jsonschema import CfnTemplateValidator
from cfnlint.template import Template
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

ROOT = pathlib.Path(__file__).resolve().parent.parent
REGION, ACCOUNT = 'us-east-1', '123456789012'
# What every template is compared with: rows that some grant and others do not.
REFERENCE = {'Version': '2012-10-17', 'Statement': [
    {'Effect': 'Allow', 'Action': ['dynamodb:GetItem', 'dynamodb:PutItem'], 'Resource': f'arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/parallelcluster-*'},
    {'Effect': 'Allow', 'Action': 'sqs:SendMessage', 'Resource': f'arn:aws:sqs:{REGION}:{ACCOUNT}:parallelcluster-jobs'},
    {'Effect': 'Allow', 'Action': 'sns:Subscribe', 'Resource': f'arn:aws:sns:{REGION}:{ACCOUNT}:parallelcluster-events'},
    {'Effect': 'Allow', 'Action': ['ec2:DescribeInstances', 'ec2:RunInstances', 'cloudformation:CreateStack', 'iam:PassRole'], 'Resource': '*'},
    {'Effect': 'Allow', 'Action': 's3:GetObject', 'Resource': f'arn:aws:s3:::{REGION}-aws-parallelcluster/*'}]}


def judge(program, folder, path, *more):
    """The rows and findings of one input."""
    (folder / 'r.json').write_text(json.dumps(REFERENCE))
    line = [program, 'lint', path, '--no-config', '-f', 'json', '--reference', 'r.json', '--region', REGION, '--account', ACCOUNT, *more]
    run = subprocess.run([str(a) for a in line], cwd=folder, capture_output=True, text=True)
    return json.loads(run.stdout)['results']


def starts(node, text, found):
    """Places (line and column from 1) at which cfn-lint has a key or a value; quotes and tags come before a value."""
    mark = getattr(node, 'start_mark', None)
    if mark is not None and hasattr(mark, 'line'):
        line, column = mark.line, mark.column
        found.add((line + 1, column + 1))
        found.add((line + 1, column + 2))
        rest = text[line][column:] if line < len(text) else ''
        if rest.startswith('!'):
            after = len(rest.split(' ', 1)[0]) + 1
            found.update({(line + 1, column + after + 1), (line + 1, column + after + 2)})
    if isinstance(node, dict):
        for key, value in node.items():
            starts(key, text, found)
            starts(value, text, found)
    elif isinstance(node, list):
        for value in node:
            starts(value, text, found)


def chosen(validator, value):
    """The branch of an `Fn::If`."""
    if isinstance(value, dict) and 'Fn::If' in value:
        name, yes, no = value['Fn::If']
        is_true = list(validator.cfn.conditions.build_scenerios_on_region(name, REGION))
        return (yes if is_true[0] else no) if len(set(is_true)) == 1 else None
    return value


def resolved(validator, value):
    """A value without functions, as cfn-lint resolves it; None where it has none or several."""
    if isinstance(value, list):
        parts = [resolved(validator, v) for v in value if chosen(validator, v) != {'Ref': 'AWS::NoValue'}]
        return None if any(p is None for p in parts) else parts
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and (next(iter(value)).startswith('Fn::') or 'Ref' in value):
        made = [v for v, _, error in validator.resolve_value(value) if error is None]
        return resolved(validator, made[0]) if len(made) == 1 and made[0] != value else None
    parts = {k: resolved(validator, v) for k, v in value.items()}
    return None if any(p is None for p in parts.values()) else parts


def documents(template):
    """The policy documents of each principal of a template, by logical id."""
    resources, found = template['Resources'], {}
    for name, resource in resources.items():
        properties = resource.get('Properties', {})
        if resource['Type'] in ('AWS::IAM::Role', 'AWS::IAM::User'):
            found[name] = [p['PolicyDocument'] for p in properties.get('Policies', [])]
            for arn in properties.get('ManagedPolicyArns', []):
                if isinstance(arn, dict) and arn.get('Ref') in resources:
                    found[name].append(resources[arn['Ref']]['Properties']['PolicyDocument'])
            for other in resources.values():
                named = other.get('Properties', {}).get('Roles', [])
                if {'Ref': name} in named or properties.get('RoleName', name) in named:
                    found[name].append(other['Properties']['PolicyDocument'])
        elif resource['Type'] == 'AWS::IAM::ManagedPolicy':
            found[name] = [properties['PolicyDocument']]
    return found


def compare(program, path):
    """What agrees and what does not."""
    text = path.read_text().splitlines()
    # JSON is YAML; cfn-lint's loader of JSON keeps no places of texts.
    template = load_yaml(str(path))
    known, wrong, count = set(), [], 0
    starts(template, text, known)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        # The values of parameters: what decides is compared for one of them.
        values = {n: str(p.get('Default', (p.get('AllowedValues') or ['data'])[0])) for n, p in template.get('Parameters', {}).items()}
        given = [word for n, v in values.items() for word in ('--parameter', f'{n}={v}')]
        results = judge(program, folder, path, '--select', '*', *given)
        for result in results:
            for finding in result['findings']:
                region = finding.get('region') or {}
                place = (region.get('start_line'), region.get('start_column'))
                if place[0] is None:
                    continue
                count += 1
                # A finding may be at a reference inside of a text.
                is_inside = text[place[0] - 1][place[1] - 1:].startswith('${')
                if place not in known and not is_inside:
                    wrong.append(f"{finding['lint']} at {place[0]}:{place[1]}")
        plain = json.loads(json.dumps(template, default=str))
        plain['Parameters'] = {n: {'Type': 'String', 'Default': v} for n, v in values.items()}
        if plain.get('Transform') == 'AWS::Serverless-2016-10-31':
            plain = Translator({'AWSLambdaBasicExecutionRole': 'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'}, Parser()).translate(plain, {})
        cfn = Template(str(path), plain, regions=[REGION])
        validator = CfnTemplateValidator(context=create_context_for_template(cfn), cfn=cfn)
        judged, skipped = 0, 0
        for name, all_of in documents(plain).items():
            result = next((r for r in results if r.get('principal', {}).get('name') in (name, name.removesuffix('Role'))), None)
            policies = [resolved(validator, d) for d in all_of]
            if result is None or not policies:
                continue
            if any(p is None for p in policies):
                skipped += 1
                continue
            files = []
            for nth, policy in enumerate(policies):
                files.append(f'{name}{nth}.json')
                (folder / files[-1]).write_text(json.dumps(policy).replace('${!', '${'))
            rows = lambda r: [(q['statement'], q['action'], q.get('resources'), q['verdict']) for q in r['requirements']]
            alone = judge(program, folder, files[0], *files[1:])[0]
            differ = [(a, b) for a, b in zip(rows(result), rows(alone)) if a != b]
            judged += len(rows(result))
            wrong += [f'{name}: {a} is {b} for cfn-lint' for a, b in differ]
    print(f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}: {count} places and {judged} rows agree" if not wrong
          else f'{path}: ' + '; '.join(wrong), f'({skipped} principals with values that cfn-lint leaves open)' if skipped else '')
    return not wrong


def main():
    program = pathlib.Path(sys.argv[1]).resolve()
    own = [*sorted((ROOT / 'fixtures/templates').iterdir()), ROOT / 'fixtures/examples/template.yaml']
    paths = [pathlib.Path(p).resolve() for p in sys.argv[2:]] or own
    sys.exit(not all([compare(program, p) for p in paths]))


main()
