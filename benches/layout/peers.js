// Lays out a graph with dagre or elkjs, for benches/layout.rs:
//     node peers.js dagre|elk GRAPH RESULT
// Prints the milliseconds that the layout took and the process's peak memory in kB.
'use strict';
const fs = require('fs');

const [program, graphFile, resultFile] = process.argv.slice(2);
const nodes = [];
const edges = [];
for (const line of fs.readFileSync(graphFile, 'utf8').split('\n')) {
  const words = line.split(' ');
  if (words[0] === 'node') nodes.push({ width: Number(words[1]), height: Number(words[2]) });
  if (words[0] === 'edge') edges.push({ from: words[1], to: words[2] });
}
const distances = { nodes: 28, lines: 14, layers: 40 };

function dagre() {
  const { graphlib, layout } = require('@dagrejs/dagre');
  const graph = new graphlib.Graph({ multigraph: true });
  graph.setGraph({ nodesep: distances.nodes, edgesep: distances.lines, ranksep: distances.layers });
  graph.setDefaultEdgeLabel(() => ({}));
  nodes.forEach((node, index) => graph.setNode(String(index), { ...node }));
  edges.forEach((edge, index) => graph.setEdge(edge.from, edge.to, {}, String(index)));
  const start = spent();
  layout(graph);
  const took = spent() - start;
  const boxes = nodes.map((node, index) => {
    const { x, y } = graph.node(String(index));
    return { x: x - node.width / 2, y: y - node.height / 2, ...node };
  });
  const lines = edges.map((edge, index) => graph.edge(edge.from, edge.to, String(index)).points);
  return { took, boxes, lines };
}

// The processor's time for this process, in milliseconds.
function spent() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

async function elk() {
  const ELK = require('elkjs');
  const graph = {
    id: 'root',
    layoutOptions: {
      'elk.algorithm': 'layered',
      'elk.direction': 'DOWN',
      'elk.edgeRouting': 'POLYLINE',
      'elk.spacing.nodeNode': String(distances.nodes),
      'elk.spacing.edgeEdge': String(distances.lines),
      'elk.spacing.edgeNode': String((distances.nodes + distances.lines) / 2),
      'elk.layered.spacing.nodeNodeBetweenLayers': String(distances.layers),
    },
    children: nodes.map((node, index) => ({ id: `n${index}`, ...node })),
    edges: edges.map((edge, index) => ({ id: `e${index}`, sources: [`n${edge.from}`], targets: [`n${edge.to}`] })),
  };
  const start = spent();
  const result = await new ELK().layout(graph);
  const took = spent() - start;
  const lines = result.edges.map((edge) => {
    const section = edge.sections[0];
    return [section.startPoint, ...(section.bendPoints || []), section.endPoint];
  });
  return { took, boxes: result.children, lines };
}

async function main() {
  const { took, boxes, lines } = await (program === 'elk' ? elk() : dagre());
  const text = boxes.map((box) => `node ${box.x} ${box.y} ${box.width} ${box.height}`);
  lines.forEach((points, index) => {
    text.push(`edge ${index} ${edges[index].from} ${edges[index].to} ${points.map((point) => `${point.x} ${point.y}`).join(' ')}`);
  });
  fs.writeFileSync(resultFile, text.join('\n') + '\n');
  console.log(`${took} ${process.resourceUsage().maxRSS}`);
}

main();
