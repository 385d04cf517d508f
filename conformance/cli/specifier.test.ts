import { kvmOptions } from "./kvm";
import { reach } from "./specifier";

test.each<[string, ReturnType<typeof kvmOptions>]>([
  ["kvm", { where: "here", avic: false }],
  ["kvm:qemu", { where: "qemu", avic: false }],
  ["kvm:qemu,avic", { where: "qemu", avic: true }],
  ["kvm:qemu,kernel=6.1", { where: "qemu", avic: false, kernel: "6.1" }],
  ["kvm:qemu,kernel=6.1,avic", { where: "qemu", avic: true, kernel: "6.1" }],
  ["kvmtool --sandbox", undefined],
  ["reference", undefined],
])("%s is the KVM that it names", (specifier, options) => {
  expect(kvmOptions(specifier)).toEqual(options);
});

test.each([
  ["kvm:qeum", 'kvm:qeum: there is no option "qeum"; did you mean qemu?'],
  ["kvm:qemu,avci", "did you mean avic?"],
  ["kvm:", 'there is no option ""; there are qemu, avic, kernel'],
  ["kvm:avic", "kvm:qemu,avic is one of its own, in QEMU"],
  ["kvm:qemu,kernel", "kernel takes a version, as kernel=6.1"],
  ["kvm:qemu,kernel=new", "kernel takes a version, as kernel=6.1"],
  ["kvm:qemu,avic=1", "avic takes no value"],
])("%s is refused, with what would do", (specifier, message) => {
  expect(() => reach(specifier)).toThrow(message);
});
