/**
 * World ids are readable URNs: `<system>/<connection>/<type>/<the system's own id>`, for instance
 * `consul/prod-eu/service/billing` or `proxmox/pve/lxc/112`. The last segments are the system's own id, so a
 * reader can take it to that system's tools.
 */
export type EntityId = string;

/** Makes an id. Segments keep their text, but for `/`, `%`, white space and control characters, which are percent-encoded. */
export function entityId(system: string, connection: string, type: string, ownId: string | number): EntityId {
  return [system, connection, type, String(ownId)].map(encodeSegment).join('/');
}

/** The last segment, decoded: the system's own id. */
export function ownIdOf(id: EntityId): string {
  return decodeURIComponent(id.slice(id.lastIndexOf('/') + 1));
}

function encodeSegment(text: string): string {
  // Lone surrogates cannot be percent-encoded; they become the replacement character first.
  return text.toWellFormed().replace(/[/%\s\p{Cc}\p{Cf}]/gu, (c) => encodeURIComponent(c));
}
