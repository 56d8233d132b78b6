// What is documented about values: their types, the properties of each type, the functions of expressions.
// Knows no variables (see types.ts). What is not documented is absent here, and nothing follows from its absence
// unless `propertiesAreKnown` says so.
import { findAction } from '../catalog/catalog.ts';
import type { FlowParameter } from '../syntax/tree.ts';
import { parameterType } from './flow.ts';
import type { ValueType } from './types.ts';
import { constantText } from './uses.ts';

/** A property of a value, written `value.Name` or `value['Name']`. */
export interface Property {
  /** As the documentation spells it; flows write it in any letter case. */
  readonly name: string;
  /** Undefined when the documentation does not say. */
  readonly type: ValueType | undefined;
  readonly description: string;
}

/** A function of expressions, such as `IsEmpty(Name)`. */
export interface ExpressionFunction {
  readonly name: string;
  readonly parameters: readonly string[];
  /** How many of the parameters must be given. */
  readonly required: number;
  readonly type: ValueType | undefined;
  readonly description: string;
}

// ── Types ───────────────────────────────────────────────────────────────────────────────────────────────────────

const types = new Map<string, ValueType>();

/** The type of that name (`Text`, `Excel instance` …), always the same object. `item` is for lists. */
export function valueType(name: string, item?: ValueType): ValueType {
  const key = item === undefined ? name : `${name}<${typeLabel(item)}>`;
  let type = types.get(key);
  if (type === undefined) {
    type = item === undefined ? { name } : { name, item };
    types.set(key, type);
  }
  return type;
}

/** A type as one line for people: `List of Text`. */
export function typeLabel({ name, item }: ValueType): string {
  return item === undefined ? name : `${name} of ${typeLabel(item)}`;
}

const Text = valueType('Text');
const Num = valueType('Number');
const Bool = valueType('Boolean');
const Datetime = valueType('Datetime');
const Texts = valueType('List', Text);

/** Types of the catalog and what people call them. Absent: `Object` and other types that say nothing about the value. */
const catalogNames: Readonly<Record<string, string>> = {
  string: 'Text',
  filename: 'Text',
  customerrorcode: 'Text',
  int32: 'Number',
  int64: 'Number',
  decimal: 'Number',
  double: 'Number',
  number: 'Number',
  boolean: 'Boolean',
  datetime: 'Datetime',
  list: 'List',
  datatable: 'Datatable',
  customobject: 'Custom object',
  fileobject: 'File',
  folderobject: 'Folder',
  binaryobject: 'Binary data',
  accessinstancehandle: 'Access instance',
  cmdsessionhandle: 'CMD session',
  excelinstancehandle: 'Excel instance',
  exchangeconnectionhandle: 'Exchange connection',
  ftpconnectionbase: 'FTP connection',
  outlookinstancehandle: 'Outlook instance',
  powerpointinstancehandle: 'PowerPoint instance',
  sapinstancehandle: 'SAP instance',
  sqlconnectionhandle: 'SQL connection',
  terminalsessionhandle: 'Terminal session',
  webbrowserinstancehandle: 'Web browser instance',
  windowinstancehandle: 'Window',
  wordinstancehandle: 'Word instance',
  uicontrol: 'UI element',
  webcontrol: 'UI element',
  ocrengineobject: 'OCR engine',
  xmlnodeobject: 'XML node',
  mailmessageobject: 'Mail message',
  exchangemailmessage: 'Exchange mail message',
  outlookmailmessage: 'Outlook mail message',
  ftpfileobject: 'FTP file',
  ftpfolderobject: 'FTP directory',
  pdftableinfo: 'PDF table info',
  workqueue: 'Work queue',
  workqueueitem: 'Work queue item',
  activedirectoryentry: 'Active Directory entry',
  groupinfo: 'Group info',
  userinfo: 'User info',
  ec2clientobject: 'EC2 client',
  volume: 'EBS volume',
  snapshot: 'EBS snapshot',
  azureclient: 'Azure client',
  azuremanageddisk: 'Azure managed disk',
  azureresourcegroup: 'Azure resource group',
  azuresnapshot: 'Azure snapshot',
  azurevirtualmachine: 'Azure virtual machine',
};

/**
 * The type behind a type of the catalog (`Int32`, `List<FileObject>`, `ExcelInstanceHandle` …). Undefined where that says nothing
 * about the value, and for enums. An encrypted text counts as Text.
 */
export function catalogType(type: string): ValueType | undefined {
  const lower = type.toLowerCase();
  const generic = /^(list|nullable)<(.+)>$/.exec(lower);
  if (generic === null) {
    const name = lower === 'encryptableobject' ? 'Text' : catalogNames[lower];
    return name === undefined ? undefined : valueType(name);
  }
  const inner = catalogType(generic[2] as string);
  return generic[1] === 'nullable' ? inner : valueType('List', inner);
}

/** Item types of lists that the catalog calls just `List`, by action and output. */
const listItems: Readonly<Record<string, string>> = {
  'excel.getallworksheets/worksheets': 'Text',
  'file.copy/copiedfiles': 'File',
  'file.move/movedfiles': 'File',
  'file.renamefiles.rename/renamedfiles': 'File',
  'folder.getfiles/files': 'File',
  'folder.getsubfolders/subfolders': 'Folder',
  'ftp.listdirectory/directories': 'FTP directory',
  'ftp.listdirectory/files': 'FTP file',
  'pdf.extracttablesfrompdf.extracttables/extractedpdftables': 'PDF table info',
  'text.splittext.split/result': 'Text',
};

/** The type an action gives to an output; undefined when it is not known. */
export function outputType(actionId: string, outputName: string): ValueType | undefined {
  const action = findAction(actionId)?.definition;
  const wanted = outputName.toLowerCase();
  const output = action?.outputs.find((known) => known.name.toLowerCase() === wanted);
  // An encrypted value is no ordinary text: nothing shows what it may be used for.
  if (action === undefined || output === undefined || output.type.toLowerCase() === 'encryptableobject') {
    return undefined;
  }
  const item = listItems[`${action.id.toLowerCase()}/${wanted}`];
  return item === undefined ? catalogType(output.type) : valueType('List', valueType(item));
}

/** The type an `@INPUT` or `@OUTPUT` declares; undefined for instances and for what cannot be read. */
export function declaredType(parameter: FlowParameter): ValueType | undefined {
  if (parameter.definition.kind !== 'Object') return undefined;
  const entry = parameter.definition.entries.find(({ key }) => constantText(key)?.toLowerCase() === 'type');
  const written = entry === undefined ? undefined : constantText(entry.value);
  const name = written === undefined ? undefined : parameterType(written);
  return name === undefined ? undefined : valueType(name);
}

// ── Properties ──────────────────────────────────────────────────────────────────────────────────────────────────

const property = (name: string, type: ValueType | undefined, description: string): Property => ({
  name,
  type,
  description,
});

const mail = (id: string): Property[] => [
  property('MailFolder', Text, 'Folder of the mailbox in which the message lies.'),
  property(id, Text, 'What identifies the message.'),
  property('From', Text, 'Who sent it.'),
  property('To', valueType('List'), 'Whom it was sent to.'),
  property('Cc', valueType('List'), 'Who got a copy.'),
  property('Bcc', valueType('List'), 'Who got a hidden copy.'),
  property('Date', Datetime, 'When it was sent.'),
  property('Subject', Text, 'Its subject.'),
  property('Body', Text, 'Its text, or its HTML.'),
  property('BodyText', Text, 'Its text without any HTML.'),
  property('Attachments', valueType('List', valueType('File')), 'The attached files that were saved.'),
];

const azureResource = (what: string): Property[] => [
  property('Id', Text, `What identifies the ${what}.`),
  property('Location', Text, `Where the ${what} is.`),
  property('Name', Text, `Name of the ${what}.`),
  property('SubscriptionId', Text, 'The subscription it belongs to.'),
  property('Tags', undefined, `Tags of the ${what}.`),
];

const properties: Readonly<Record<string, readonly Property[]>> = {
  Text: [
    property('Length', Num, 'How many characters it has.'),
    property('IsEmpty', Bool, 'True when it has no characters.'),
    property('ToUpper', Text, 'The text in upper case.'),
    property('ToLower', Text, 'The text in lower case.'),
    property('Trimmed', Text, 'The text without blanks at its ends.'),
  ],
  Datetime: [
    property('Year', Num, 'The year.'),
    property('Month', Num, 'The month, 1 to 12.'),
    property('Day', Num, 'The day of the month.'),
    property('DayOfWeek', Text, 'Name of the weekday, such as Sunday.'),
    property('DayOfYear', Num, 'The day of the year, 1 to 366.'),
    property('Hour', Num, 'The hour, 0 to 23.'),
    property('Minute', Num, 'The minute.'),
    property('Second', Num, 'The second.'),
  ],
  List: [property('Count', Num, 'How many items it has.')],
  Datatable: [
    property('RowsCount', Num, 'How many rows it has, the header not counted.'),
    property('Columns', Texts, 'Names of its columns, as a list.'),
    property('IsEmpty', Bool, 'True when it has no rows.'),
    property('ColumnHeadersRow', valueType('Datarow'), 'Names of its columns, as a row.'),
  ],
  Datarow: [
    property('ColumnsCount', Num, 'How many cells it has.'),
    property('ColumnsNames', Texts, 'Names of its columns, as a list.'),
  ],
  File: [
    property('FullName', Text, 'The whole path.'),
    property('RootPath', Text, 'Root of the path, such as C:\\.'),
    property('Directory', Text, 'The folder it lies in.'),
    property('Name', Text, 'Its name with the extension.'),
    property('NameWithoutExtension', Text, 'Its name without the extension.'),
    property('Extension', Text, 'Its extension, with the dot.'),
    property('Size', Num, 'Its size in bytes.'),
    property('CreationTime', Datetime, 'When it was created.'),
    property('LastAccessed', Datetime, 'When it was last opened.'),
    property('LastModified', Datetime, 'When it was last changed.'),
    property('IsHidden', Bool, 'True when it is hidden.'),
    property('IsSystem', Bool, 'True when it belongs to the system.'),
    property('IsReadOnly', Bool, 'True when it may not be changed.'),
    property('IsArchive', Bool, 'True when it is marked for archiving.'),
    property('Exists', Bool, 'True when there is such a file.'),
    property('IsEmpty', Bool, 'True when there is nothing in it.'),
  ],
  Folder: [
    property('FullName', Text, 'The whole path.'),
    property('RootPath', Text, 'Root of the path, such as C:\\.'),
    property('Parent', Text, 'The folder it lies in.'),
    property('Name', Text, 'Its name.'),
    property('CreationTime', Datetime, 'When it was created.'),
    property('LastModified', Datetime, 'When it was last changed.'),
    property('IsHidden', Bool, 'True when it is hidden.'),
    property('Exists', Bool, 'True when there is such a folder.'),
    property('IsEmpty', Bool, 'True when there is nothing in it.'),
    property('FilesCount', Num, 'How many files are in it.'),
    property('FoldersCount', Num, 'How many folders are in it.'),
  ],
  Error: [
    property('Message', Text, 'What happened.'),
    property('Location', Text, 'The action and the subflow in which it happened.'),
    property('ActionName', Text, 'The action that failed.'),
    property('ActionIndex', Num, 'Number of the action within its subflow.'),
    property('SubflowName', Text, 'The subflow of that action.'),
    property('ErrorDetails', Text, 'The technical details.'),
  ],
  Credential: [
    property('Username', Text, 'The account.'),
    property('Password', Text, 'Its password. Sensitive.'),
  ],
  'Web browser instance': [
    property('Handle', undefined, 'Handle of the browser window.'),
    property('IsAlive', Bool, 'True while the browser is open.'),
    property('DisplayRectangleX', Num, 'Left edge of the window on the screen.'),
    property('DisplayRectangleY', Num, 'Upper edge of the window on the screen.'),
    property('HtmlDialogs', undefined, 'The dialogs of the page, if there are any.'),
  ],
  Window: [property('Handle', undefined, 'Handle of the window.')],
  'Excel instance': [property('Handle', undefined, 'Handle of the window of Excel.')],
  'SQL connection': [
    property('ConnectionString', Text, 'What the connection was opened with.'),
    property('IsClosed', Bool, 'True when it is closed.'),
  ],
  'CMD session': [
    property('IsAlive', Bool, 'True while the session is open.'),
    property('ProcessId', Num, 'Id of its process.'),
  ],
  'Terminal session': [property('IsTerminated', Bool, 'True when the session has ended.')],
  'Exchange connection': [property('ServerAddress', Text, 'Address of the Exchange server.')],
  'FTP connection': [
    property('Host', Text, 'The server.'),
    property('SecurityProtocol', undefined, 'How the connection is secured.'),
  ],
  'FTP file': [
    property('FullName', Text, 'The whole path.'),
    property('Directory', Text, 'The directory it lies in on the server.'),
    property('Name', Text, 'Its name with the extension.'),
    property('NameWithoutExtension', Text, 'Its name without the extension.'),
    property('Extension', Text, 'Its extension.'),
    property('Size', Num, 'Its size in bytes.'),
    property('LastModified', Datetime, 'When it was last changed.'),
  ],
  'FTP directory': [
    property('FullName', Text, 'The whole path.'),
    property('Parent', Text, 'The directory it lies in.'),
    property('Name', Text, 'Its name.'),
    property('LastModified', Datetime, 'When it was last changed.'),
  ],
  'Mail message': mail('Uid'),
  'Exchange mail message': mail('ItemId'),
  'Outlook mail message': mail('EntryId'),
  'PDF table info': [
    property('DataTable', valueType('Datatable'), 'The table itself.'),
    property('TableStartingPage', Num, 'The page on which it begins.'),
    property('TableEndingPage', Num, 'The page on which it ends.'),
    property('TableOrderInPage', Num, 'Which table of its page it is.'),
  ],
  'XML node': [
    property('Name', Text, 'Its name.'),
    property('Value', undefined, 'Its value.'),
    property('InnerText', Text, 'The text in it, without tags.'),
    property('InnerXML', Text, 'The XML in it.'),
    property('OuterXML', Text, 'The XML in it, its own tag included.'),
    property('Children', undefined, 'The nodes directly in it.'),
    property('Parent', undefined, 'The node around it.'),
  ],
  'Active Directory entry': [property('LdapPath', Text, 'LDAP path of the connection.')],
  'Group info': [
    property('Name', Text, 'Name of the group.'),
    property('DisplayName', Text, 'Name of the group as it is shown.'),
    property('Description', Text, 'What the group is for.'),
    property('Members', valueType('List'), 'The members, as a list.'),
  ],
  'User info': [
    property('FirstName', Text, 'First name.'),
    property('LastName', Text, 'Last name.'),
    property('Initials', Text, 'Initials.'),
    property('Title', Text, 'Title.'),
    property('Email', Text, 'Mail address.'),
    property('TelephoneNumber', Text, 'Phone number.'),
    property('Extension', Text, 'Extension of the phone number.'),
    property('Company', Text, 'Company.'),
    property('Department', Text, 'Department.'),
    property('StreetAddress', Text, 'Street and number.'),
    property('PostalCode', Text, 'Postal code.'),
    property('City', Text, 'City.'),
    property('State', Text, 'State or province.'),
    property('Country', Text, 'Country.'),
  ],
  'EBS volume': [
    property('VolumeId', Text, 'What identifies the volume.'),
    property('VolumeType', Text, 'Kind of the volume.'),
    property('Size', Num, 'Its size.'),
    property('State', Text, 'Its state.'),
    property('SnapshotId', Text, 'The snapshot it was made from.'),
    property('AvailabilityZone', Text, 'The zone it is in.'),
    property('CreateTime', Datetime, 'When it was created.'),
    property('Encrypted', Bool, 'True when it is encrypted.'),
    property('KmsKeyId', Text, 'The key it is encrypted with.'),
    property('FastRestored', Bool, 'True when it was made with fast restore.'),
    property('Iops', Num, 'Operations a second it allows.'),
    property('MultiAttachEnabled', Bool, 'True when several instances may use it.'),
    property('OutpostArn', Text, 'The Outpost it is on.'),
    property('Attachments', undefined, 'The instances that use it.'),
    property('Tags', undefined, 'Its tags.'),
  ],
  'EBS snapshot': [
    property('SnapshotId', Text, 'What identifies the snapshot.'),
    property('Description', Text, 'Its description.'),
    property('VolumeId', Text, 'The volume it was made of.'),
    property('VolumeSize', Num, 'Size of that volume.'),
    property('State', Text, 'Its state.'),
    property('StateMessage', Text, 'Why it is in that state.'),
    property('Progress', Text, 'How far it has come.'),
    property('StartTime', Datetime, 'When it was started.'),
    property('Encrypted', Bool, 'True when it is encrypted.'),
    property('DataEncryptionKeyId', Text, 'The key of its data.'),
    property('KmsKeyId', Text, 'The key it is encrypted with.'),
    property('OwnerId', Text, 'The account it belongs to.'),
    property('OwnerAlias', Text, 'Alias of that account.'),
    property('Tags', undefined, 'Its tags.'),
  ],
  'Azure managed disk': [
    ...azureResource('disk'),
    property('ResourceGroup', Text, 'The resource group it is in.'),
    property('AvailabilityZones', undefined, 'The zones it is in.'),
    property('Configuration', undefined, 'How it is set up.'),
    property('Encrypted', Bool, 'True when it is encrypted.'),
    property('IopsSLimit', Num, 'Operations a second it allows.'),
    property('IsAttachedToVirtualMachine', Bool, 'True when a virtual machine uses it.'),
    property('OperationSystem', Text, 'The operating system on it.'),
    property('SizeInGB', Num, 'Its size in GB.'),
    property('State', Text, 'Its state.'),
    property('ThroughputLimit', Num, 'How much it can transfer.'),
    property('TimeCreated', Datetime, 'When it was created.'),
    property('Type', Text, 'Its kind.'),
    property('VirtualMachine', undefined, 'The virtual machine that uses it.'),
  ],
  'Azure resource group': [
    ...azureResource('resource group'),
    property('ProvisioningState', Text, 'How far its creation has come.'),
  ],
  'Azure snapshot': [
    ...azureResource('snapshot'),
    property('ResourceGroup', Text, 'The resource group it is in.'),
    property('CreationSourceId', Text, 'What it was made of.'),
    property('CreationSourceType', Text, 'Kind of what it was made of.'),
    property('OperationSystem', Text, 'The operating system on it.'),
    property('SizeInGB', Num, 'Its size in GB.'),
    property('StorageAccountType', Text, 'The storage it is kept in.'),
    property('TimeCreated', Datetime, 'When it was created.'),
  ],
};

const byName = new Map(
  Object.entries(properties).map(([type, list]) => [
    type,
    new Map(list.map((entry) => [entry.name.toLowerCase(), entry])),
  ]),
);

/** The documented properties of a type, those people use most first; none for a type without any. */
export function propertiesOf(typeName: string): readonly Property[] {
  return properties[typeName] ?? [];
}

/** A property in any letter case. */
export function findProperty(typeName: string, name: string): Property | undefined {
  return byName.get(typeName)?.get(name.toLowerCase());
}

/**
 * True when a type has no other properties than those of `propertiesOf`. False for objects, whose properties are their own, and for
 * types nobody described.
 */
export function propertiesAreKnown(typeName: string): boolean {
  return byName.has(typeName) || typeName === 'Number' || typeName === 'Boolean';
}

// ── Functions ───────────────────────────────────────────────────────────────────────────────────────────────────

const about = (name: string, description: string): ExpressionFunction => ({
  name,
  parameters: ['value'],
  required: 1,
  type: Bool,
  description,
});
const search = (name: string, description: string): ExpressionFunction => ({
  name,
  parameters: ['text', 'searchFor', 'ignoreCase'],
  required: 2,
  type: Bool,
  description,
});

/** All functions an expression may call: the documented ones, and those of real flows. */
export const expressionFunctions: readonly ExpressionFunction[] = [
  search('Contains', 'True when the text has the other one in it; also for the items of a list.'),
  search('NotContains', 'True when the text does not have the other one in it.'),
  search('StartsWith', 'True when the text begins with the other one.'),
  search('NotStartsWith', 'True when the text does not begin with the other one.'),
  search('EndsWith', 'True when the text ends with the other one.'),
  search('NotEndsWith', 'True when the text does not end with the other one.'),
  about('IsEmpty', 'True for a text, list or table with nothing in it.'),
  about('IsNotEmpty', 'True for a text, list or table with something in it.'),
  about('IsBlank', 'True when there is no value at all.'),
  about('IsNotBlank', 'True when there is a value.'),
  { name: 'Blank', parameters: [], required: 0, type: undefined, description: 'No value at all.' },
];

const functionsByName = new Map(expressionFunctions.map((entry) => [entry.name.toLowerCase(), entry]));

/** A function in any letter case. */
export function findFunction(name: string): ExpressionFunction | undefined {
  return functionsByName.get(name.toLowerCase());
}
