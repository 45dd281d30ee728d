// A provider of OpenID Connect with three people, any password being right. Its keys are new each time it starts.
// node oidc_provider.mjs <module> <port> <address of the dashboard> <client secret> <"in-token" or "asked">
import { generateKeyPairSync } from "node:crypto";

const [module, port, dashboard, secret, claims] = process.argv.slice(2);
const { default: Provider } = await import(module);

const people = {
  anna: { groups: ["staff", "shop-analysts"], email: "anna@example.com", email_verified: true },
  vera: { groups: ["shop-viewers"], email: "vera@example.com", email_verified: true },
  nora: { groups: ["cleaners"], email: "nora@example.com", email_verified: false },
};

const issuer = `http://127.0.0.1:${port}`;
const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "jwk" });
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "shophouse",
      client_secret: secret,
      redirect_uris: [`${dashboard}/login/oidc/callback`],
      post_logout_redirect_uris: [`${dashboard}/login`],
    },
  ],
  jwks: { keys: [{ ...key, use: "sig", alg: "RS256" }] },
  cookies: { keys: [secret] },
  claims: { openid: ["sub"], profile: ["preferred_username", "groups"], email: ["email", "email_verified"] },
  conformIdTokenClaims: claims !== "in-token",
  pkce: { required: () => true },
  findAccount: (_, id) => people[id] && {
    accountId: id,
    claims: () => ({ sub: id, preferred_username: id, ...people[id] }),
  },
  // nobody is asked what the dashboard may know
  loadExistingGrant: async (context) => {
    const grant = new context.oidc.provider.Grant({
      clientId: context.oidc.client.clientId,
      accountId: context.oidc.session.accountId,
    });
    grant.addOIDCScope("openid profile email");
    await grant.save();
    return grant;
  },
});
provider.listen(Number(port), "127.0.0.1");
