// What GitHub documents for redelivering failed deliveries, with npm's octokit at its defaults: read the log back to
// the last run, redeliver what no attempt delivered, keep the time in a variable.
// Takes {url, token, org, hook_id, repo, variable} as JSON in its argument, prints counts as JSON.
import { Octokit } from "octokit";

const asked = JSON.parse(process.argv[2]);
const octokit = new Octokit({ auth: asked.token, baseUrl: asked.url });
const hook = { org: asked.org, hook_id: asked.hook_id };
const [owner, repo] = asked.repo.split("/");
const variable = { owner, repo, name: asked.variable };

const began = Date.now();
const last = Number((await octokit.rest.actions.getRepoVariable(variable)).data.value);

const rows = [];
scan: for await (const page of octokit.paginate.iterator("GET /orgs/{org}/hooks/{hook_id}/deliveries", {
  ...hook,
  per_page: 100,
})) {
  for (const row of page.data) {
    if (new Date(row.delivered_at).getTime() < last) break scan;
    rows.push(row);
  }
}

const byGuid = group(rows);
const failed = [...byGuid.values()].filter((attempts) => !attempts.some((row) => row.status === "OK"));
for (const attempts of failed) {
  await octokit.request("POST /orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}/attempts", {
    ...hook,
    delivery_id: attempts[0].id,
  });
}
await octokit.rest.actions.updateRepoVariable({ ...variable, value: String(began) });
console.log(JSON.stringify({ read: rows.length, redelivered: failed.length }));

function group(all) {
  const groups = new Map();
  for (const row of all) groups.set(row.guid, [...(groups.get(row.guid) ?? []), row]);
  return groups;
}
