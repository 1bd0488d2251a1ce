/** Containers and virtual machines, as Proxmox calls them in paths. */
export const guestTypes = ['lxc', 'qemu'] as const;
export type GuestType = (typeof guestTypes)[number];

/** Where a guest is asked about: it may move, so the node is always the newest one known. */
export interface GuestPlace {
  readonly node: string;
  readonly type: GuestType;
  readonly vmid: number;
}
