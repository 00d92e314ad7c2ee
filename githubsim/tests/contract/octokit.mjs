// GitHub's documented way to redeliver, with a client that nobody here wrote.
// Takes {url, token, org, hook_id, repo, variable} as JSON in its argument, prints what it saw as JSON.
import { Octokit } from "octokit";

const asked = JSON.parse(process.argv[2]);
const octokit = new Octokit({
  auth: asked.token,
  baseUrl: asked.url,
  // One write a second, and a 409 asked for again three times, are its own habits and no part of the contract.
  throttle: { enabled: false },
  retry: { enabled: false },
});
const hook = { org: asked.org, hook_id: asked.hook_id };

const seen = [];
for await (const page of octokit.paginate.iterator("GET /orgs/{org}/hooks/{hook_id}/deliveries", {
  ...hook,
  per_page: 100,
})) {
  seen.push(...page.data);
}

const delivered = new Set(seen.filter((row) => row.status === "OK").map((row) => row.guid));
const redelivered = new Map();
for (const row of seen) {
  if (!delivered.has(row.guid) && !redelivered.has(row.guid)) {
    const answer = await octokit.request(
      "POST /orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}/attempts",
      { ...hook, delivery_id: row.id },
    );
    redelivered.set(row.guid, answer.status);
  }
}

const [owner, repo] = asked.repo.split("/");
const variable = { owner, repo, name: asked.variable };
const before = await octokit.rest.actions.getRepoVariable(variable).then(
  () => 200,
  (error) => error.status,
);
const created = await octokit.rest.actions.createRepoVariable({ ...variable, value: "1" });
const again = await octokit.rest.actions.createRepoVariable({ ...variable, value: "2" }).then(
  () => 201,
  (error) => error.status,
);
const updated = await octokit.rest.actions.updateRepoVariable({ ...variable, value: "3" });
const after = await octokit.rest.actions.getRepoVariable(variable);

console.log(
  JSON.stringify({
    ids: seen.map((row) => String(row.id)),
    redelivered: Object.fromEntries(redelivered),
    variable: [before, created.status, again, updated.status, after.data.value],
    hooks: (await octokit.rest.orgs.listWebhooks({ org: asked.org })).data.map((one) => one.id),
  }),
);
