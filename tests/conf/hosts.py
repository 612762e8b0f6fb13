# SPDX-License-Identifier: BSD-2-Clause
# hosts.py: what HOST means: which boots of the image on what, and what each of them needs.

import dataclasses
import functools
import importlib
import os
import shutil
import subprocess

import hardware
import linux_kvm
import lock
import machine
from boot import Boot, CouldNotRun

IMAGE, IMAGE32, HOST_ELF = "build/guest-conf.elf", "build/guest-conf.elf32", "build/host.elf"
FOLDER = "build/conf"
ISO = f"{FOLDER}/conf.iso"
PERSONALITIES = {"none": (), "legacy": ("legacy",), "pf2": ("pf2",), "int": ("int",), "dual": ("int", "pf2")}
VCPUS = CPUS = 2
VARIANTS = {  # what else our host can be made to be, on so many CPUs, and the cases that need it
    "no-bit-4": ("apf=int pv=0x1007eeb enforce=on", CPUS, "A3-24"),
    "no-bit-10": ("apf=int pv=0x1007afb enforce=on", CPUS, "A3-11"),
    "no-bit-14": ("apf=int pv=0x1003efb enforce=on", CPUS, "A3-12"),
    "no-bit-14-msr": ("apf=int pv=0x1003efb enforce=on", CPUS, "A3-24"),
    "open": ("apf=int pv=0x1003aeb enforce=off", CPUS, "A3-25"),
    "one-cpu": ("apf=int", 1, "A7-9"),  # a vCPU that does not run though it could
}
MEMORY = 256  # MiB of a Linux host's guest
OUR_MEMORY, HOST_MEMORY = 16, 192  # MiB: of our host's guest, and what the machine has besides
HOOK_MEMORY = 8  # MiB, at least: what the test hook has besides the guest's memory
TABLE_MEMORY = 1100  # MiB: the MSR contract names an address above 1 GiB
AT_ONCE = min(2, os.cpu_count() or 1)


@dataclasses.dataclass
class Host:
    """
    `expected` names the file of its known differences. usable() says why it cannot run here, None if it can.
    variant(section) is the command that boots it with the features of a section of the MSR contract, None for one that
    it cannot be made to have.
    """

    name: str
    about: str
    boots: list
    expected: str
    whole: bool = True  # with all its boots, one of which must run each case
    limit: float = 60  # seconds for one boot
    at_once: int = 1
    usable: object = lambda: None
    variant: object = None


def built(*paths):
    for path in paths:
        if not os.path.exists(path):
            raise CouldNotRun(f"{path} is not built: make {path}")


def tools(*names):
    missing = [name for name in names if not shutil.which(name)]
    return f"no {missing[0]}" if missing else None


def emulator():
    return tools("qemu-system-x86_64", "setpriv")


def script(command):
    """Runs one of images/; what it complains of is why the host could not run."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise CouldNotRun(done.stderr.strip() or f"{command[0]}: exit status {done.returncode}")


def our_machine(name, host_args, words, memory=OUR_MEMORY, cpus=CPUS, hw="svm"):
    """Our host with a disk of this boot's own: the image once more, as a lazy module; swap; where to save."""
    built(IMAGE, HOST_ELF)
    disk = f"{FOLDER}/{name}.img"
    lock.alone(FOLDER)
    script(["images/disk.sh", IMAGE, disk, *[str(memory + HOOK_MEMORY)] * 2])
    if "enforce=off" in host_args:
        words = [*words, "enforce=0"]  # which the image cannot see for itself
    module = f"module=data:{os.path.getsize(IMAGE)}:image"
    return machine.Machine(hw=hw, disk=disk, guest=IMAGE, host=HOST_ELF, memory=HOST_MEMORY + memory, cpus=cpus,
                           host_args=f"vcpus={VCPUS} hook=on save=save mem={memory}M {module} {host_args}",
                           guest_args=" ".join(words)).command()


def our_variant(name, hw, section):
    if section.no_apic:
        return None
    enforce = "on" if section.enforce else "off"
    return our_machine(f"{name}-msr{section.number}", f"apf=int pv={section.set:#x} enforce={enforce}", section.words,
                       TABLE_MEMORY, hw=hw)


def our_boots(name, hw, silence):
    def boot(variant, host_args, cpus=CPUS, **more):
        return Boot(variant, lambda words: our_machine(f"{name}-{variant}", host_args, words, cpus=cpus, hw=hw),
                    silence=silence, **more)

    return ([boot(apf, f"apf={apf}", speaks=speaks) for apf, speaks in PERSONALITIES.items()] +
            [boot(variant, host_args, cpus, only=only) for variant, (host_args, cpus, only) in VARIANTS.items()])


def ours(name, hw, where, silence, **more):
    boots, more["variant"] = our_boots(name, hw, silence), functools.partial(our_variant, name, hw)
    yield Host(name, f"our host {where}, apf= each of {' '.join(PERSONALITIES)}; and variants", boots, "ours",
               at_once=AT_ONCE, **more)
    for boot in boots:
        yield Host(f"{name}-{boot.name}", f"our host {where}, only {boot.name}", [boot], "ours", whole=False, **more)


def alone_command(path, words, iso=""):
    """The image in the place of our host: QEMU itself is below it, and nothing that speaks the ABI."""
    built(path)
    command = machine.Machine(host=path, iso=iso).command()
    if not iso:
        command[command.index("-append") + 1] = " ".join(words)
    return command


def make_iso(words):
    built(IMAGE32)
    if missing := tools("grub-mkrescue", "xorriso", "mformat"):
        raise CouldNotRun(missing)
    lock.alone(FOLDER)
    script(["images/iso.sh", IMAGE32, "", ISO, " ".join(words), ""])
    return ISO


def alone():
    boots = [Boot("pvh", lambda words: alone_command(IMAGE, words)),
             Boot("multiboot", lambda words: alone_command(IMAGE32, words)),
             Boot("grub", lambda words: alone_command(IMAGE32, words, make_iso(words)))]
    yield Host("qemu", "bare QEMU, nothing to check: does the image boot by PVH, multiboot, GRUB?", boots, "qemu",
               at_once=AT_ONCE, usable=emulator)


def linux(name, module, about, limit, expected):
    """A host whose command is another module's to make."""

    def bound(what):
        try:
            return getattr(importlib.import_module(module), what)
        except ImportError as why:
            raise CouldNotRun(f"tests/conf/{module}.py: {why}") from why

    def command(words):
        built(IMAGE)
        return bound("command")(IMAGE, words, VCPUS, MEMORY)

    def variant(section):
        built(IMAGE)
        vcpus = 1 if section.no_apic else VCPUS  # nobody could start a second one
        return bound("command")(IMAGE, section.words, vcpus, TABLE_MEMORY, features=section.set,
                                enforce=section.enforce, no_apic=section.no_apic, msrtable=True)

    def usable():
        try:
            return bound("usable")()
        except CouldNotRun as why:
            return str(why)

    boot = Boot("", command, emulated=False, grace=20, silence=90)
    return Host(name, about, [boot], expected, limit=limit, usable=usable, variant=variant)


def known():
    """All hosts that have a name."""
    yield from ours("ours", "svm", "on QEMU's SVM", 30, usable=emulator)
    yield from ours("ours-vmx", "vmx", "on Bochs's VMX", 90, usable=lambda: hardware.missing("vmx"), limit=300)
    yield linux("linux-nested", "linux_nested", "Debian's kernel with kvm_amd, emulated by QEMU", 240,
                "linux-nested")
    yield linux("kvm", "linux_kvm", "this machine's /dev/kvm", 120, linux_kvm.kind())
    yield from alone()


def named(name):
    """The host of that name; raises CouldNotRun with those there are."""
    hosts = {h.name: h for h in known()}
    if name not in hosts:
        raise CouldNotRun(f"no host '{name}'; there are {' '.join(hosts)}")
    return hosts[name]


def of_command(name, template):
    """A command line of the user's own; {image} {image32} {iso} {args} stand for what they say."""

    def command(words):
        values = {"{args}": " ".join(words)}
        for key, path in (("{image}", IMAGE), ("{image32}", IMAGE32)):
            if any(key in word for word in template):
                built(path)
                values[key] = path
        if any("{iso}" in word for word in template):
            values["{iso}"] = make_iso(words)
        return [fill(word, values) for word in template]

    def fill(word, values):
        for key, value in values.items():
            word = word.replace(key, value)
        return word

    return Host(name, "a command line", [Boot("", command, emulated=False, grace=2, silence=60)], name, limit=120)
