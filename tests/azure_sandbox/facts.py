"""A small offer: two regions, four models, so that tests do not move with the catalogue."""

from pathlib import Path

FILES = {
    "availability.csv": """deployment_type,region,model,version,source,as_of
GlobalStandard,swedencentral,gpt-5.1,2025-11-13,test,2026-11-23
Standard,swedencentral,gpt-5.1,2025-11-13,test,2026-11-23
ProvisionedManaged,swedencentral,gpt-5.1,2025-11-13,test,2026-11-23
GlobalProvisionedManaged,swedencentral,gpt-5.1,2025-11-13,test,2026-11-23
GlobalBatch,swedencentral,gpt-5.1,2025-11-13,test,2026-11-23
GlobalStandard,westeurope,gpt-5.1,2025-11-13,test,2026-11-23
GlobalStandard,swedencentral,gpt-4.1,2025-04-14,test,2026-11-23
DataZoneStandard,westeurope,gpt-5.1-codex,2025-09-15,test,2026-11-23
GlobalStandard,swedencentral,unlisted,1,test,2026-11-23
""",
    "quotas.csv": """model,deployment_type,tier,tpm,requests,window_s,note,source,as_of
gpt-5.1,GlobalStandard,1,1000000,10000,60,,test,2026-11-23
gpt-5.1,GlobalStandard,3,4000000,40000,60,,test,2026-11-23
gpt-5.1,Standard,1,300000,3000,60,,test,2026-11-23
gpt-4.1,GlobalStandard,1,1000000,1000,10,,test,2026-11-23
gpt-5.1-codex,DataZoneStandard,1,300000,300,60,,test,2026-11-23
""",
    "batch_quotas.csv": """model,deployment_type,subscription,enqueued_tokens,source,as_of
gpt-5.1,GlobalBatch,default,200000000,test,2026-11-23
""",
    "ptu.csv": """model,scope,minimum_ptu,increment_ptu,input_tpm_per_ptu,output_ratio,source,as_of
gpt-5.1,regional,50,50,4750,8,test,2026-11-23
gpt-5.1,global,15,5,4750,8,test,2026-11-23
""",
    "versions.csv": """model,version,lifecycle,retires_on,replacement,source,as_of
gpt-5.1,2025-11-13,GA,2099-05-15,,test,2026-11-23
gpt-4.1,2025-04-14,Retired,2026-10-14,gpt-5.1,test,2026-11-23
""",
}


def write(folder: Path) -> Path:
    """Write the facts into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder
