import helmet from "helmet";

/**
 * Tells browsers that every answer is data of one origin, and no page. Strict-Transport-Security is left out: this is
 * plain HTTP, and the operator of a proxy with TLS decides about that header for all services of the host. So are headers
 * that browsers heed over TLS only, or of pages only.
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
  xXssProtection: true, // says 0: older browsers' own filters do harm
  strictTransportSecurity: false,
  crossOriginOpenerPolicy: false,
  crossOriginEmbedderPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
});
