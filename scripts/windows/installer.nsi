; The installer for Windows: copies the program, sets the agent's service up, and undoes both. Also upgrades and repairs: it takes the
; service down, replaces the files and sets the service up again; its data is elsewhere and stays. `/S` runs it without questions,
; `/D=FOLDER` (last, unquoted) elsewhere. Exit code 2: it did not succeed.
!include LogicLib.nsh
Unicode true
Name "Desktop Flows"
OutFile "${OUTPUT}"
InstallDir "$PROGRAMFILES64\Desktop Flows"
RequestExecutionLevel admin
SetCompressor zlib
ShowInstDetails show
!define UNINSTALL "Software\Microsoft\Windows\CurrentVersion\Uninstall\DesktopFlows"
Page directory
Page instfiles
UninstPage uninstConfirm
UninstPage instfiles

Function .onInit
  SetRegView 64
  ; Where it is already.
  ReadRegStr $0 HKLM "${UNINSTALL}" "InstallLocation"
  ${If} $0 != ""
    StrCpy $INSTDIR $0
  ${EndIf}
FunctionEnd

; Needs nothing of the program that is there: it may be damaged. It is down when its node.exe can be deleted.
!macro StopService
  nsExec::ExecToLog '"$SYSDIR\net.exe" stop DesktopFlows'
  Pop $0
  StrCpy $1 0
  ${Do}
    ClearErrors
    Delete "$INSTDIR\node.exe"
    ${IfNot} ${Errors}
      ${ExitDo}
    ${EndIf}
    Sleep 500
    IntOp $1 $1 + 1
  ${LoopUntil} $1 > 120
  ${If} ${FileExists} "$INSTDIR\node.exe"
    DetailPrint "The program is in use and cannot be replaced."
    SetErrorLevel 2
    Abort
  ${EndIf}
!macroend

Section
  !insertmacro StopService
  RMDir /r "$INSTDIR\dist"
  SetOutPath "$INSTDIR"
  ClearErrors
  File /r "${STAGE}/*.*"
  ${If} ${Errors}
    DetailPrint "Not all files could be written."
    SetErrorLevel 2
    Abort
  ${EndIf}
  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr HKLM "${UNINSTALL}" "DisplayName" "Desktop Flows"
  WriteRegStr HKLM "${UNINSTALL}" "DisplayVersion" "${VERSION}"
  WriteRegStr HKLM "${UNINSTALL}" "InstallLocation" "$INSTDIR"
  WriteRegStr HKLM "${UNINSTALL}" "UninstallString" '"$INSTDIR\uninstall.exe"'
  WriteRegStr HKLM "${UNINSTALL}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /S'
  WriteRegDWORD HKLM "${UNINSTALL}" "NoModify" 1
  nsExec::ExecToLog '"$INSTDIR\node.exe" "$INSTDIR\bin\dflow.cjs" agent install'
  Pop $0
  ${If} $0 != "0"
    DetailPrint "The service could not be set up ($0)."
    SetErrorLevel 2
    Abort
  ${EndIf}
SectionEnd

Section Uninstall
  SetRegView 64
  nsExec::ExecToLog '"$INSTDIR\node.exe" "$INSTDIR\bin\dflow.cjs" agent uninstall'
  Pop $0
  ${If} $0 != "0"
    ; Without the program's help.
    nsExec::ExecToLog '"$SYSDIR\net.exe" stop DesktopFlows'
    Pop $0
    nsExec::ExecToLog '"$SYSDIR\sc.exe" delete DesktopFlows'
    Pop $0
  ${EndIf}
  !insertmacro StopService
  DeleteRegKey HKLM "${UNINSTALL}"
  RMDir /r "$INSTDIR\dist"
  RMDir /r "$INSTDIR\bin"
  Delete "$INSTDIR\node.exe"
  Delete "$INSTDIR\dflow.cmd"
  Delete "$INSTDIR\LICENSE"
  Delete "$INSTDIR\NOTICE"
  Delete "$INSTDIR\uninstall.exe"
  ; Only when nothing of somebody else's is in it.
  RMDir "$INSTDIR"
SectionEnd
