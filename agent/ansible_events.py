# What ansible-playbook does, told as lines of JSON: the callback plugin that headgate-agent has it load (agent/ansible_driver.h).
#
# Each line begins with "headgate-ansible " and bears one event:
#
#   {"event":"start","version":"2.14.18","old":false}   old: nothing is run
#   {"event":"begin","task"}        a task begins
#   {"event":"task","host","task","action","outcome","message","changed","unchecked","ran","diff","redacted","cut"}
#   {"event":"empty","play"}        a play that no host of the inventory belongs to
#   {"event":"trouble","message"}   something could not be told
#   {"event":"end","hosts":N,"failed":N,"unreachable":N}
#
# The results of a task are told in the order of the hosts, whichever answers first, so that the same is told in the same words.
#
# Whatever a vault held is taken out of every text before it is written: VaultLib is listened to from here on, in the forks that run the
# tasks as well (they note it in a file that is memory alone), and what was read before this was loaded is read once more. Tasks with
# no_log come here without their results; that is Ansible's doing.
from __future__ import annotations

import base64
import difflib
import functools
import json
import os
import re
import sys

import yaml

from ansible import constants as C
from ansible import context
from ansible.parsing import vault
from ansible.plugins.callback import CallbackBase
from ansible.release import __version__

DOCUMENTATION = '''
    name: headgate_events
    type: stdout
    short_description: events as lines of JSON
    description: Tells headgate-agent what becomes of each task.
'''

OLDEST = (2, 14)
MARK = 'headgate-ansible '
TEXT_MAX = 2000          # of a message
SIDE_MAX = 256 * 1024    # of one side of a difference
DIFF_MAX = 64 * 1024     # of what one task on one host shows
SECRETS_MAX = 16384      # forms of values; where vaults hold more, no text is shown at all
SECRET_MIN = 3           # what is shorter is not told from ordinary text
HIDDEN = '[redacted]'
CHECKED_ELSEWHERE = ('setup', 'gather_facts', 'meta', 'debug', 'set_fact', 'assert', 'include_vars', 'add_host', 'group_by', 'fail')


class Secrets:
    """What vaults have held, from all processes of this run."""

    def __init__(self):
        self.file = os.memfd_create('secrets')
        self.known = {}
        self.full = False
        self.read = 0
        self.pattern = None
        decrypt = vault.VaultLib.decrypt_and_get_vault_id
        secrets = self

        def listen(self, *args, **kwargs):
            result = decrypt(self, *args, **kwargs)
            secrets.note(result[0])
            return result

        vault.VaultLib.decrypt_and_get_vault_id = listen

    def note(self, plain):
        if isinstance(plain, str):
            plain = plain.encode('utf-8', 'surrogateescape')
        # All forks have one place in the file, which each write moves.
        os.write(self.file, base64.b64encode(bytes(plain)) + b'\n')

    def learn(self):
        size = os.fstat(self.file).st_size
        if size == self.read:
            return
        # A line that another process is writing is left for later.
        data = os.pread(self.file, size - self.read, self.read).rpartition(b'\n')[0]
        self.read += len(data) + (1 if data else 0)
        for line in data.split(b'\n'):
            if line:
                self.take_apart(base64.b64decode(line).decode('utf-8', 'replace'))
        words = sorted(self.known, key=len, reverse=True)
        self.pattern = re.compile('|'.join(self.known[word] for word in words)) if words else None

    def take_apart(self, text):
        try:
            values = list(leaves(yaml.load(text, Loader=Plain)))
        except (yaml.YAMLError, ValueError, RecursionError):
            values = []
        for value in values or [text]:
            self.add(value)
        if len(values) <= 1:
            self.add(text.rstrip('\n'))

    def add(self, value):
        lines = [line.strip() for line in value.split('\n')] if '\n' in value else []
        for word in [value] + lines:
            if len(word.strip()) < SECRET_MIN:
                continue
            packed = base64.b64encode(word.encode('utf-8', 'replace')).decode()
            for form in (word, json.dumps(word)[1:-1], packed, packed.rstrip('=')):
                if len(self.known) >= SECRETS_MAX:
                    self.full = True
                    return
                # What is short may well be a part of another word.
                self.known[form] = (r'(?<!\w)%s(?!\w)' if len(form) < 6 else '%s') % re.escape(form)

    def hide(self, text):
        """The text without them, and how many were taken out."""
        self.learn()
        if self.full and text:
            return HIDDEN, 1
        if self.pattern is None:
            return text, 0
        return self.pattern.subn(HIDDEN, text)


class Plain(yaml.SafeLoader):
    """YAML whose scalars are what was written."""


def scalar_or_nothing(loader, node):
    return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None


Plain.yaml_implicit_resolvers = {}
Plain.add_multi_constructor('!', lambda loader, suffix, node: scalar_or_nothing(loader, node))

PLAIN_WORDS = ('', '~', 'null', 'true', 'false', 'yes', 'no', 'on', 'off')


def leaves(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from leaves(inner)
    elif isinstance(value, str) and value.strip().lower() not in PLAIN_WORDS:
        yield value


SECRETS = Secrets()


def text_of(value):
    return value if isinstance(value, str) else json.dumps(value, default=str, sort_keys=True)


def side_of(value):
    if value is None:
        return ''
    if isinstance(value, (dict, list)):
        return json.dumps(value, default=str, sort_keys=True, indent=2) + '\n'
    return str(value)


def difference(entry, title):
    """One entry of a result's `diff` as a unified diff."""
    before, after = entry.get('before'), entry.get('after')
    if before is None and after is None:
        if any(key in entry for key in ('src_binary', 'dst_binary')):
            return '# %s: binary\n' % title
        if any(key in entry for key in ('src_larger', 'dst_larger')):
            return '# %s: too large to be shown\n' % title
        prepared = entry.get('prepared')
        return '# %s\n%s\n' % (title, str(prepared).rstrip('\n')) if prepared else ''
    before, after = side_of(before), side_of(after)
    if before == after:
        return ''
    if len(before) > SIDE_MAX or len(after) > SIDE_MAX:
        return '# %s: too large to be shown\n' % title
    # Its own headers name temporary files.
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), title, title, lineterm='', n=C.DIFF_CONTEXT)
    return ''.join(line + '\n' for line in lines)


def files_in(folder):
    found = [os.path.join(below, name) for below, _folders, names in os.walk(folder) for name in names]
    return [name for name in found if os.path.isfile(name)]


def says_check_mode(task):
    source = getattr(task, '_ds', None)
    return isinstance(source, dict) and source.get('check_mode') is True


def told(method):
    """Ansible goes on when a callback fails; whoever reads the lines has to know that some are missing."""
    @functools.wraps(method)
    def wrapper(self, *args, **kwargs):
        try:
            return method(self, *args, **kwargs)
        except Exception as error:
            self.tell('trouble', message='%s: %s' % (method.__name__, SECRETS.hide(str(error))[0][:TEXT_MAX]))
            return None
    return wrapper


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = 'stdout'
    CALLBACK_NAME = 'headgate_events'

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.check = bool(context.CLIARGS.get('check'))
        self.play = ''
        self.waiting = []

    def tell(self, event, **fields):
        sys.stdout.write(MARK + json.dumps(dict(event=event, **fields)) + '\n')
        sys.stdout.flush()

    def flush(self):
        for host, fields in sorted(self.waiting, key=lambda one: one[0]):
            self.tell('task', host=host, **fields)
        self.waiting = []

    # What was in a vault and may have been read before this was loaded: files of extra variables, inventories, variables beside them.
    def read_again(self, loader, beside):
        names = [name[1:] for name in context.CLIARGS.get('extra_vars') or () if isinstance(name, str) and name.startswith('@')]
        folders = [beside]
        for source in context.CLIARGS.get('inventory') or ():
            if isinstance(source, str) and os.path.isfile(source):
                names.append(source)
                folders.append(os.path.dirname(source))
            elif isinstance(source, str) and os.path.isdir(source):
                names.extend(files_in(source))
        for folder in folders:
            names.extend(files_in(os.path.join(folder, 'group_vars')))
            names.extend(files_in(os.path.join(folder, 'host_vars')))
        for name in names:
            try:
                with open(name, 'rb') as file:
                    data = file.read()
                library = vault.VaultLib(loader._vault.secrets)
                for text in [data] if vault.is_encrypted(data) else inline_vaults(data):
                    library.decrypt(text)
            except Exception:  # what cannot be read had not been read before either
                continue

    @told
    def v2_playbook_on_start(self, playbook):
        self.read_again(playbook._loader, playbook._loader.get_basedir())
        old = tuple(int(part) for part in re.findall(r'\d+', __version__)[:2]) < OLDEST
        self.tell('start', version=__version__, old=old)
        if old:
            raise SystemExit(1)

    @told
    def v2_playbook_on_play_start(self, play):
        self.flush()
        self.play = play.get_name()

    @told
    def v2_playbook_on_task_start(self, task, is_conditional):
        self.flush()
        self.tell('begin', task=SECRETS.hide(task.get_name() or task.action)[0])

    @told
    def v2_playbook_on_handler_task_start(self, task):
        self.v2_playbook_on_task_start(task, False)

    @told
    def v2_playbook_on_no_hosts_matched(self):
        self.tell('empty', play=SECRETS.hide(self.play)[0])

    @told
    def v2_playbook_on_stats(self, stats):
        self.flush()
        hosts = stats.processed
        self.tell('end', hosts=len(hosts), failed=sum(1 for host in hosts if stats.failures.get(host)),
                  unreachable=sum(1 for host in hosts if stats.dark.get(host)))

    # Results.

    @told
    def v2_runner_on_ok(self, result):
        self.result(result, 'ok')

    @told
    def v2_runner_on_skipped(self, result):
        self.result(result, 'skipped')

    @told
    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.result(result, 'ignored' if ignore_errors else 'failed')

    @told
    def v2_runner_on_unreachable(self, result):
        self.result(result, 'unreachable')

    def result(self, result, outcome):
        data = getattr(result, 'result', None)
        data = result._result if data is None else data
        task, host = result._task, result._host
        items = [item for item in data.get('results') or () if isinstance(item, dict)] if isinstance(data.get('results'), list) else []
        changed = bool(data.get('changed')) and outcome == 'ok'
        # A task that runs all the same in a comparison, and says that it changed something: what was there before, nobody knows.
        ran = self.check and task.check_mode is False and changed
        # In a task that only ever checks, a change is one that nobody makes.
        if ran or says_check_mode(task):
            changed = False
        unchecked = self.check and (ran or outcome == 'ignored' or any(self.was_left_out(one, task, outcome) for one in items or [data]))
        diff, redacted, cut = self.differences(items or [data], host.get_name(), result) if changed else ('', 0, False)
        message, hidden = SECRETS.hide(self.message(data, items)) if outcome not in ('ok', 'skipped') else ('', 0)
        name, in_name = SECRETS.hide(task.get_name() or task.action)
        self.waiting.append((host.get_name(), {
            'task': name, 'action': task.action, 'outcome': outcome, 'message': message[:TEXT_MAX], 'changed': changed,
            'unchecked': unchecked, 'counted': self.is_counted(task), 'ran': ran, 'diff': diff,
            'redacted': redacted + hidden + in_name, 'cut': cut or len(message) > TEXT_MAX}))

    @staticmethod
    def is_counted(task):
        return task.action.rsplit('.', 1)[-1] not in CHECKED_ELSEWHERE

    # A task that was left out because it cannot be checked, not because of a condition or an empty list.
    @staticmethod
    def was_left_out(data, task, outcome):
        by_condition = 'skip_reason' in data or 'skipped_reason' in data or 'false_condition' in data
        if not (data.get('skipped') or outcome == 'skipped'):
            return False
        if by_condition:
            return 'ansible_check_mode' in ' '.join(text_of(condition) for condition in (task.when or ()))
        return True

    @staticmethod
    def differences(results, host, result):
        task, arguments = result._task, (result._task_fields or {}).get('args') or {}
        parts, cut, left = [], False, DIFF_MAX
        for data in results:
            place = data.get('dest') or data.get('path') or arguments.get('dest') or arguments.get('path')
            # In a loop the arguments are those of no item.
            if isinstance(place, str) and '{{' in place:
                place = '%s (%s)' % (task.get_name(), data.get('_ansible_item_label', data.get('item')))
            title = '%s:%s' % (host, place or task.get_name() or task.action)
            entries = data.get('diff')
            for entry in entries if isinstance(entries, list) else [entries]:
                part = difference(entry, title) if isinstance(entry, dict) and not cut else ''
                if len(part) > left:
                    part, cut = part[:left].rpartition('\n')[0] + '\n', True
                parts.append(part)
                left -= len(part)
        text, redacted = SECRETS.hide(''.join(parts))
        return text, redacted, cut

    @staticmethod
    def message(data, items):
        if data.get('censored'):
            return 'hidden, since the task has no_log'
        said = [one for one in items if one.get('failed') or one.get('unreachable')] or [data]
        parts = []
        for one in said[:3]:
            if one.get('censored'):
                parts.append('hidden, since the task has no_log')
                continue
            words = [text_of(one[key]).strip() for key in ('msg', 'reason', 'stderr', 'module_stderr', 'module_stdout', 'stdout') if one.get(key)]
            # What a module has to say, and the first of what the command behind it said.
            parts.extend(words[:2])
            if parts and one.get('rc'):
                parts[-1] += ' (rc %s)' % one['rc']
        return ': '.join(parts) or 'no reason was given'


def inline_vaults(data):
    """The vaults inside a YAML file."""
    found = []

    class Reader(Plain):
        pass

    Reader.add_constructor('!vault', lambda loader, node: found.append(loader.construct_scalar(node)))
    Reader.add_constructor('!vault-encrypted', lambda loader, node: found.append(loader.construct_scalar(node)))
    if b'$ANSIBLE_VAULT' in data:
        yaml.load(data, Loader=Reader)
    return found
