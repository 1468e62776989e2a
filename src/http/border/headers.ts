import helmet from "helmet";

/**
 * Tells browsers that every answer is data for its own origin, and not a page. Strict-Transport-Security is left out: this
 * is plain HTTP, and the operator of a TLS proxy decides about that header for all services of the host. So are headers that
 * have an effect only over TLS or only on pages.
 */
export const securityHeaders = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], baseUri: ["'none'"], formAction: ["'none'"], frameAncestors: ["'none'"] },
  },
  crossOriginResourcePolicy: { policy: "same-origin" },
  referrerPolicy: { policy: "no-referrer" },
  xContentTypeOptions: true,
  xFrameOptions: { action: "deny" },
  xXssProtection: true, // sends 0, which switches off the filters of older browsers: they open holes of their own
  strictTransportSecurity: false,
  crossOriginOpenerPolicy: false,
  crossOriginEmbedderPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
});
