// A solution as Power Automate exports it, made for tests: customizations.xml with escaped definitions, repositories in
// desktopflowbinaries/, and for flows of the older format a package in Workflows/.
import { writeZip, type ZipEntry } from '../../src/interchange/zip.ts';

export interface FlowOptions {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly elements?: string;
  readonly images?: string;
  readonly inputs?: string;
  readonly outputs?: string;
  readonly dependencies?: string;
  /** The older format: text and repositories in a package, in UTF-16. */
  readonly packaged?: boolean;
}

const date = '2025-01-24T17:58:44';
const part = (name: string, text: string): ZipEntry => ({
  name,
  date,
  bytes: new TextEncoder().encode(text),
});
const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

export function workflowXml({ id, name, text, inputs, outputs, dependencies }: FlowOptions): string {
  return [
    `    <Workflow WorkflowId="{${id}}" Name="${escaped(name).replaceAll('"', '&quot;')}">`,
    `      <JsonFileName>/Workflows/${id}.json</JsonFileName>`,
    '      <Type>1</Type>',
    '      <Category>6</Category>',
    '      <UIFlowType>2</UIFlowType>',
    '      <Metadata>{"schemaVersion":"ROBIN_20211012"}</Metadata>',
    `      <Inputs>${escaped(inputs ?? '{"schema":null}')}</Inputs>`,
    `      <Outputs>${escaped(outputs ?? '{"schema":null}')}</Outputs>`,
    `      <Dependencies>${escaped(dependencies ?? '{"childFlows":[],"workQueues":[]}')}</Dependencies>`,
    `      <Definition>${escaped(JSON.stringify(text))}</Definition>`,
    '      <LocalizedNames>',
    `        <LocalizedName languagecode="1033" description="${escaped(name).replaceAll('"', '&quot;')}" />`,
    '      </LocalizedNames>',
    '    </Workflow>',
  ].join('\r\n');
}

const cloudFlow = [
  '    <Workflow WorkflowId="{c1c1c1c1-0000-0000-0000-000000000000}" Name="Cloud">',
  '      <Category>5</Category>',
  '    </Workflow>',
].join('\r\n');

export function customizationsXml(...flows: readonly FlowOptions[]): string {
  return [
    '<ImportExportXml xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">',
    '  <Entities></Entities>',
    '  <Workflows>',
    cloudFlow,
    ...flows.map(workflowXml),
    '  </Workflows>',
    '  <!-- <Workflow> in a comment is none -->',
    '</ImportExportXml>',
  ].join('\r\n');
}

export function solutionParts(...flows: readonly FlowOptions[]): ZipEntry[] {
  return [
    part('customizations.xml', customizationsXml(...flows)),
    part('[Content_Types].xml', '<?xml version="1.0" encoding="utf-8"?><Types />'),
    part('solution.xml', '<ImportExportXml><SolutionManifest /></ImportExportXml>'),
    ...flows.map((flow) =>
      part(
        `Workflows/${flow.id}.json`,
        flow.packaged ? packageJson(flow) : '{"properties":{"definition":{"package":""}}}',
      ),
    ),
    ...flows
      .filter(({ packaged }) => !packaged)
      .flatMap((flow) => [
        ...binary(flow.id, 'a', 'ControlRepository', flow.elements),
        ...binary(flow.id, 'b', 'ImageRepository', flow.images),
        ...binary(flow.id, 'c', 'ManifestFile', '{}'),
      ]),
  ];
}

function binary(flow: string, letter: string, type: string, content: string | undefined): ZipEntry[] {
  if (content === undefined) return [];
  const folder = `desktopflowbinaries/${letter}-${flow}`;
  const file = `${type}_${letter}.json`;
  const xml = [
    `<desktopflowbinary desktopflowbinaryid="${letter}">`,
    `  <data mimetype="application/json">${file}</data>`,
    `  <process>\r\n    <workflowid>${flow.toUpperCase()}</workflowid>\r\n  </process>`,
    `  <type>${type}</type>`,
    '</desktopflowbinary>',
  ].join('\r\n');
  return [part(`${folder}/data/${file}`, content), part(`${folder}/desktopflowbinary.xml`, xml)];
}

function packageJson({ text, elements, images }: FlowOptions): string {
  const entries = Object.entries({
    'script.robin': text,
    'controlRepo.appmask': elements,
    'imageRepo.imgrepo': images,
    'flow.manifest': '{}',
  });
  const zip = writeZip(
    entries.flatMap(([name, content]) =>
      content === undefined ? [] : [{ name, date, bytes: new Uint8Array(Buffer.from(content, 'utf16le')) }],
    ),
  );
  return JSON.stringify({
    properties: { definition: { name: 'x', package: Buffer.from(zip).toString('base64') } },
  });
}

export const packageOf = (json: Uint8Array): Uint8Array =>
  new Uint8Array(
    Buffer.from(
      (JSON.parse(new TextDecoder().decode(json)) as { properties: { definition: { package: string } } })
        .properties.definition.package,
      'base64',
    ),
  );
