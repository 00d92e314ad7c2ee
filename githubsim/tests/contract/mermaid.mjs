// Parses Mermaid diagrams with the package that GitHub draws them with. Reads a JSON list of texts, writes one of faults.

import DOMPurify from "dompurify";
import { readFileSync } from "node:fs";

// Outside of a browser there is nothing to clean text with; only the grammar is asked about here.
Object.assign(DOMPurify, { addHook: () => {}, sanitize: (text) => text });
const { default: mermaid } = await import("mermaid");

const faults = [];
for (const text of JSON.parse(readFileSync(0, "utf-8"))) {
  try {
    const { diagramType } = await mermaid.parse(text);
    if (diagramType !== "xychart") throw new Error(`it is taken for a ${diagramType}`);
  } catch (fault) {
    faults.push(`${fault}\n${text}`);
  }
}
console.log(JSON.stringify(faults));
