import { z } from 'zod';

/**
 * `routes-to`: requests go from → to. `runs-on`: from needs to. `same-as`: two systems speak of one thing.
 * `checks`: from probes to. `calls`: observed traffic between services.
 */
export const linkKinds = ['routes-to', 'runs-on', 'same-as', 'checks', 'calls'] as const;
export const LinkKindSchema = z.enum(linkKinds);
export type LinkKind = z.infer<typeof LinkKindSchema>;

/** `certain`: reported by the system, or an exact and unique match. `likely`: one match by a weaker key. `possible`: several candidates. */
export const confidences = ['certain', 'likely', 'possible'] as const;
export const ConfidenceSchema = z.enum(confidences);
export type Confidence = z.infer<typeof ConfidenceSchema>;

/** Why a link is believed; see `docs/architecture.md` for each rule. */
export const linkRules = [
  'reported', // the system itself says so
  'same-socket', // the same address and port
  'address-on-guest', // an address that a guest or host reports as its own
  'members-are-instances', // a virtual IP's members are instances of the service
  'virtual-ip-as-member', // a member or endpoint is itself a virtual IP
  'same-name', // equal names, where no address decides
  'declared', // the operator said so, in a tag or metadata
] as const;
export const LinkRuleSchema = z.enum(linkRules);
export type LinkRule = z.infer<typeof LinkRuleSchema>;

export const LinkSchema = z.object({
  from: z.string(),
  to: z.string(),
  kind: LinkKindSchema,
  rule: LinkRuleSchema,
  /** One sentence with the values that matched: "10.1.0.22:8080 is the member's and the instance's address". */
  evidence: z.string().max(500),
  confidence: ConfidenceSchema,
});
export type Link = z.infer<typeof LinkSchema>;

/** Identity of a link within the world. */
export function linkKey(link: Pick<Link, 'from' | 'to' | 'kind'>): string {
  return `${link.from} ${link.kind} ${link.to}`;
}
