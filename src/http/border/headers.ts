import helmet from "helmet";

/**
 * What browsers are told about every answer: it is data of one origin, and no page. No Strict-Transport-Security: this
 * is plain HTTP, and whoever puts TLS before it says that for all services of the host, or not. Left out as well is what
 * browsers heed over TLS only, or of pages only.
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
