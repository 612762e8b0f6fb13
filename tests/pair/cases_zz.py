from case import Case
STORM = "mem=16M resident=8M vcpus=2"
CASES = [Case("zz-x", hw="vmx", guest="apicstorm", args="apic=xapic moves=100", host=STORM + " apic-move=100", limit=300),
 Case("zz-x2", hw="vmx", guest="apicstorm", args="moves=100", host=STORM + " apic-move=100", limit=300),
 Case("zz-r", hw="vmx", guest="apicstorm", args="rounds=300", host=STORM, limit=300),
 Case("zz-xr", hw="vmx", guest="apicstorm", args="apic=xapic rounds=300", host=STORM, limit=300),
 ]
