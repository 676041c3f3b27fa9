//! What each request asks for. A member that is not named is left out by the server; a name that a server does not
//! know does no harm.

pub(super) const SERVER: &str = "version,versionMajor,versionMinor,currentTime";
pub(super) const ROOT_URL: &str = "webUrl";
pub(super) const USER: &str = "id,username,name";
/// Values are in no list; `value` is in the answer to a request that makes one.
pub(super) const TOKENS: &str = "token(name,creationTime,expirationTime,permissionRestrictions(permissionRestriction(isGlobalScope,project(id),permission(id))))";
pub(super) const NEW_TOKEN: &str = "name,creationTime,expirationTime,value";
pub(super) const AGENTS: &str = "agent(id,name)";
/// A comment says why an agent is not enabled, or not authorized.
pub(super) const AGENT: &str =
    "id,name,connected,enabled,authorized,enabledInfo(comment(text)),authorizedInfo(comment(text))";
pub(super) const OBSTACLES: &str =
    "compatibility(buildType(id),incompatibleReasons(reason),unmetRequirements(description))";
pub(super) const POOL: &str = "id,name,agents(count)";
pub(super) const PERMISSIONS: &str = "permissionAssignment(permission(id))";
pub(super) const BUILD_TYPE: &str = "id,name,projectName,projectId,paused,templateFlag,type,webUrl";
pub(super) const BRANCHES: &str = "branch(name,internalName,default)";
pub(super) const CHANGES: &str =
    "change(id,version,username,comment,vcsRootInstance(id,vcs-root-id))";
/// `features` since 7.0 (TeamCity's source: BuildType.java, PropEntityFeature.java).
pub(super) const FEATURES: &str = "features(feature(type,disabled,properties(property(name,value)))),\
     vcs-root-entries(vcs-root-entry(vcs-root(id,properties(property(name,value)))))";
pub(super) const ROOT_ENTRIES: &str =
    "vcs-root-entry(id,vcs-root(id,name,properties(property(name,value))))";
pub(super) const ROOT_INSTANCES: &str =
    "vcs-root-instance(id,vcs-root-id,name,properties(property(name,value)))";
/// Enough to recognise a build, and to tell how it ended.
pub(super) const FOUND: &str = "nextHref,build(id,buildTypeId,number,state,status,statusText,branchName,defaultBranch,webUrl,queuedDate,startDate,finishDate,\
     failedToStart,personal,canceledInfo(text,timestamp),replacementIds,tags(tag(name)),comment(text),triggered(type,user(id)),\
     revisions(revision(version,vcsBranchName,vcs-root-instance(vcs-root-id))))";
/// All that following needs, in every state.
pub(super) const BUILD: &str = "id,buildTypeId,number,state,status,statusText,branchName,defaultBranch,webUrl,waitReason,startEstimate,\
     queuedDate,startDate,finishDate,composite,failedToStart,personal,running-info(percentageComplete,elapsedSeconds,estimatedTotalSeconds,\
     currentStageText,probablyHanging),canceledInfo(text,timestamp,user(username,name)),agent(name),\
     revisions(revision(version,vcsBranchName,vcs-root-instance(vcs-root-id))),approvalInfo(status,canBeApprovedByCurrentUser),\
     buildType(id,name,projectName),replacementIds,tags(tag(name)),triggered(type),snapshot-dependencies(count),\
     testOccurrences(count,passed,failed,ignored,muted,newFailed),problemOccurrences(count)";
pub(super) const CHAIN: &str = "nextHref,build(id,buildTypeId,number,state,status,statusText,webUrl,queuedDate,startDate,finishDate,composite,\
     failedToStart,branchName,defaultBranch,canceledInfo(text,user(username,name)),buildType(id,name,projectName),testOccurrences(count,failed),\
     snapshot-dependencies(build(id)),revisions(revision(version,vcs-root-instance(vcs-root-id))))";
/// The default branch's last finished builds.
pub(super) const REFERENCE: &str = "build(id,number,state,status,branchName,webUrl,startDate,finishDate,problemOccurrences(problemOccurrence(identity)))";
/// The same with numbers. Statistics have names and values (TeamCity's source: `Build.java`; its documentation, "Custom Chart").
pub(super) const REFERENCE_NUMBERS: &str = "build(id,number,state,status,branchName,webUrl,startDate,finishDate,problemOccurrences(problemOccurrence(identity)),\
     testOccurrences(count),statistics(property(name,value)))";
/// How tests went in such a build; `firstFailed` is absent where the failure began in that very build.
pub(super) const TESTS_THERE: &str = "nextHref,testOccurrence(status,newFailure,test(id))";
pub(super) const TESTS_SINCE: &str =
    "nextHref,testOccurrence(status,newFailure,test(id),firstFailed(build(id,number,webUrl)))";
/// How they went in several builds.
pub(super) const TEST_HISTORY: &str =
    "nextHref,testOccurrence(status,muted,newFailure,test(id),build(id,number,webUrl))";
pub(super) const TESTS: &str =
    "nextHref,testOccurrence(id,name,status,duration,newFailure,muted,ignored,ignoreDetails)";
pub(super) const TESTS_WITH_DETAILS: &str = "nextHref,testOccurrence(id,name,status,duration,details,newFailure,muted,ignored,ignoreDetails)";
/// Failed tests, with who looks after them: given-up investigations are in the list too. Of a composite build they name the part that ran them.
pub(super) const FAILURES: &str = "nextHref,testOccurrence(id,name,status,duration,newFailure,muted,currentlyInvestigated,build(id),test(id,investigations(investigation(state,assignee(username,name)))))";
pub(super) const FAILURES_WITH_DETAILS: &str = "nextHref,testOccurrence(id,name,status,duration,details,newFailure,muted,currentlyInvestigated,build(id),test(id,investigations(investigation(state,assignee(username,name)))))";
pub(super) const PROBLEMS: &str = "problemOccurrence(type,identity,details,additionalData,muted)";
/// Which builds of a chain have tests.
pub(super) const CHAIN_TESTS: &str = "nextHref,build(id,buildTypeId,number,composite,buildType(name,projectName),testOccurrences(count,passed,failed,ignored,muted,newFailed))";
pub(super) const ARTIFACTS: &str = "file(name,fullName,size,content(href),children(href))";
